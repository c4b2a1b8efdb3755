//! Files of engines: the built-in ones survive the way there and back, faults name their line.

use std::fs;

use engines::Engine;

#[test]
fn the_built_in_engines_are_what_their_own_text_says() {
    let place = tempfile::tempdir().unwrap();
    let all = Engine::built_in();
    let toml = place.path().join("all.toml");
    fs::write(&toml, Engine::to_toml(&all)).unwrap();
    assert_eq!(Engine::from_file(&toml).unwrap(), all);
    let json = place.path().join("all.json");
    fs::write(&json, format!("{:#}", Engine::to_json(&all))).unwrap();
    assert_eq!(Engine::from_file(&json).unwrap(), all);
}

#[test]
fn each_fault_names_its_line() {
    let whole = "[[engine]]\nname = \"own\"\n[[engine.root]]\nname = \"data\"\n\
        [[engine.root.rule]]\nshape = \"a/<id>\"\nfate = \"sweep\"\nwhat = \"x\"\n\
        [[engine.place]]\nname = \"system\"\nstates = [\n\"{data}/s\",\n\"/run/x\"]\n\
        [[engine.place.root]]\nroot = \"data\"\npaths = [\"/srv\"]\n";
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("own.toml");
    fs::write(&file, whole).unwrap();
    assert_eq!(
        Engine::from_file(&file).unwrap()[0].places[0].states.len(),
        2
    );
    for (from, to, line, words) in [
        ("name = \"own\"", "nam = \"own\"", 2, "unknown key \"nam\""),
        (
            "name = \"own\"",
            "name = \"\"",
            2,
            "name is missing or empty",
        ),
        ("name = \"own\"", "name = 7", 2, "name must be a text"),
        ("a/<id>", "a/<idd>", 6, "unknown word <idd>"),
        ("a/<id>", "/a/<id>", 6, "relative to the root"),
        ("a/<id>", "<path>", 6, "would sweep whatever"),
        ("\"sweep\"", "\"swipe\"", 7, "known are sweep, tell, own"),
        ("{data}/s", "{date}/s", 12, "no root has the name \"date\""),
        ("\"/run/x\"", "\"run/x\"", 13, "not an absolute path"),
        (
            "root = \"data\"",
            "root = \"date\"",
            15,
            "no root has the name \"date\"",
        ),
        ("\"/srv\"", "\"/srv/../etc\"", 16, "not an absolute path"),
        ("what = \"x\"", "what = \"x", 8, ""),
    ] {
        fs::write(&file, whole.replace(from, to)).unwrap();
        let bad = Engine::from_file(&file).unwrap_err();
        assert_eq!(bad.line(), Some(line), "{to}: {bad}");
        assert!(bad.to_string().contains(words), "{to}: {bad}");
    }
    fs::write(&file, "").unwrap();
    assert_eq!(
        Engine::from_file(&file).unwrap_err().to_string(),
        "line 1: there is no engine in it"
    );
    let none = Engine::from_file(&place.path().join("none.toml")).unwrap_err();
    assert_eq!(none.line(), None);
    assert!(none.to_string().contains("no such file"), "{none}");
}
