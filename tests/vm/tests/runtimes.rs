//! runtimes with the real runc and crun of several Debian releases.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic is the report

use runtimes::{
    Checked, Config, FeaturesState, References, Registry, RroSupport, RuntimeEntry, TableOptions,
    sweep,
};
use std::path::{Path, PathBuf};
use support::container::{bundle, run, runtimes, start, succeed};
use support::kernel::{expect_since, since};
use support::namespace::isolated;
use support::scene;

/// A table in which `mine` is this program with a state directory of its own.
fn config(program: &str, state: &Path) -> Checked {
    let mut config = Config::default();
    let words = ["--root".to_owned(), state.display().to_string()];
    config
        .runtimes
        .insert("mine".to_owned(), RuntimeEntry::wrapper(program, words));
    config.check().expect("a wrapper of a program")
}

fn script(registry: &Registry) -> PathBuf {
    let table = registry.load();
    let resolved = table.resolve("mine").expect("it is configured");
    resolved.script.expect("it has arguments").to_owned()
}

fn each_program(test: impl Fn(&str, &Path) + Sync) {
    isolated(|| {
        for runtime in runtimes() {
            // In the output of a failure the last one named is the one that failed.
            println!("{} {}", runtime.label, runtime.version);
            let place = Path::new("/run").join(&runtime.label);
            std::fs::create_dir_all(&place).expect("the guest's /run");
            test(runtime.program.to_str().expect("made by the lane"), &place);
        }
    });
}

/// What we say of a program's `rro`.
fn knows_rro(program: &str) -> RroSupport {
    let mut config = Config::default();
    config
        .runtimes
        .insert("asked".to_owned(), RuntimeEntry::program(program));
    let (registry, _) =
        Registry::open(&config.check().unwrap(), TableOptions::new("/run/scripts")).unwrap();
    assert!(registry.probe());
    let table = registry.load();
    let row = table.lookup("asked").unwrap();
    assert!(
        matches!(
            row.features,
            FeaturesState::Known(_) | FeaturesState::NoDocument { .. }
        ),
        "{program}: {:?}",
        row.features
    );
    row.features.rro().support
}

#[test]
#[ignore = "vm: starts containers of each runtime (limit 180 s)"]
fn a_container_runs_through_the_wrapper_script() {
    each_program(|program, place| {
        // A blank and a quote in the state directory: an unquoted script would break here.
        let state = place.join("it's the state");
        let (registry, _) = Registry::open(
            &config(program, &state),
            TableOptions::new(place.join("scripts")),
        )
        .unwrap();
        let bundle = bundle(
            &place.join("bundle"),
            &["echo", "hello  from   inside"],
            &[],
        );
        let words = ["run", "--bundle", bundle.to_str().unwrap(), "one"];
        assert_eq!(
            succeed(&script(&registry), &words),
            "hello  from   inside\n"
        );
        assert!(state.is_dir(), "{program} was not given its own arguments");
    });
}

#[test]
#[ignore = "vm: starts containers of each runtime (limit 180 s)"]
fn a_containers_exit_code_comes_through() {
    each_program(|program, place| {
        let (registry, _) = Registry::open(
            &config(program, &place.join("state")),
            TableOptions::new(place.join("scripts")),
        )
        .unwrap();
        let bundle = bundle(&place.join("bundle"), &["sh", "-c", "exit 42"], &[]);
        let output = run(
            &script(&registry),
            &["run", "--bundle", bundle.to_str().unwrap(), "two"],
        );
        assert_eq!(output.status.code(), Some(42), "{program}: {output:?}");
    });
}

#[test]
#[ignore = "vm: starts containers of each runtime (limit 180 s)"]
fn a_running_container_survives_a_reload_with_other_arguments() {
    each_program(|program, place| {
        let settings = TableOptions::new(place.join("scripts"));
        let (registry, _) = Registry::open(&config(program, &place.join("old")), settings).unwrap();
        let before = script(&registry);
        start(
            &before,
            &bundle(&place.join("bundle"), &["sleep", "1000"], &[]),
            "three",
        );

        let report = registry
            .reload(&config(program, &place.join("new")))
            .unwrap();
        assert_eq!(report.changed, ["mine"]);
        let after = script(&registry);
        assert_ne!(before, after);
        // Only the script of before knows where the container's state is.
        assert!(!run(&after, &["state", "three"]).status.success());
        assert!(succeed(&before, &["state", "three"]).contains("running"));
        assert_eq!(
            succeed(&before, &["exec", "three", "echo", "still here"]),
            "still here\n"
        );
        succeed(&before, &["delete", "--force", "three"]);
    });
}

#[test]
#[ignore = "vm: starts containers of each runtime (limit 180 s)"]
fn a_running_container_survives_a_restart_with_another_configuration() {
    each_program(|program, place| {
        let scripts = place.join("scripts");
        let (registry, _) = Registry::open(
            &config(program, &place.join("old")),
            TableOptions::new(&scripts),
        )
        .unwrap();
        let before = script(&registry);
        registry
            .reload(&config(program, &place.join("never used")))
            .unwrap();
        let unused = script(&registry);
        start(
            &before,
            &bundle(&place.join("bundle"), &["sleep", "1000"], &[]),
            "four",
        );
        registry.close();
        drop(registry);

        let mut references = References::new();
        references.add(&before, "container four");
        let report = sweep(&scripts, &references).unwrap();
        assert!(report.failed.is_empty(), "{report:?}");
        assert!(!unused.exists(), "nothing refers to it: {report:?}");
        let (registry, _) = Registry::open(
            &config(program, &place.join("new")),
            TableOptions::new(&scripts),
        )
        .unwrap();
        assert_ne!(script(&registry), before);
        assert!(succeed(&before, &["state", "four"]).contains("running"));
        succeed(&before, &["delete", "--force", "four"]);
    });
}

#[test]
#[ignore = "vm: starts runtimes"]
fn each_program_tells_whether_it_knows_rro() {
    isolated(|| {
        for runtime in runtimes() {
            // runc has it since 1.1, crun since 1.4; Debian's before are both of bullseye.
            let wanted = match runtime.label.ends_with("-bullseye") {
                true => RroSupport::No,
                false => RroSupport::Yes,
            };
            let program = runtime.program.to_str().expect("made by the lane");
            assert_eq!(knows_rro(program), wanted, "{runtime:?}");
        }
    });
}

#[test]
#[ignore = "vm: starts containers of each runtime (limit 180 s)"]
fn a_runtime_that_knows_rro_needs_a_kernel_that_can() {
    each_program(|program, place| {
        let source = place.join("source");
        scene::tmpfs(&source);
        scene::tmpfs(&source.join("below"));
        let write = |options: &[&str]| {
            let words = [
                "sh",
                "-c",
                "touch /mnt/below/file && echo written || echo refused",
            ];
            let bundle = bundle(&place.join("bundle"), &words, &[("/mnt", &source, options)]);
            run(
                Path::new(program),
                &["run", "--bundle", bundle.to_str().unwrap(), "five"],
            )
        };
        let said =
            |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            said(&write(&["rbind", "ro"])),
            "written\n",
            "ro does not reach what is mounted below"
        );
        let recursive = write(&["rbind", "rro"]);
        if knows_rro(program) == RroSupport::No {
            // The reason for asking first: the option does nothing, and nobody says so.
            assert_ne!(said(&recursive), "refused\n");
            return;
        }
        expect_since(5, 12, "a container with rro", recursive.status.success());
        if since(5, 12) {
            assert_eq!(said(&recursive), "refused\n");
        }
        assert_eq!(
            rroprobe::KernelSupport::probe().is_supported(),
            recursive.status.success()
        );
    });
}
