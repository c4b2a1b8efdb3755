//! Compares our answers with moby's, and holds every difference against the
//! list of deviations.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One vector file and the deviations listed for it.
pub(crate) struct Judge {
    file: &'static str,
    listed: BTreeMap<String, Listed>,
    cases: usize,
    wrong: Vec<String>,
}

/// A case of `deviations.json`.
struct Listed {
    /// Our answer, when the vector does not give it.
    ours: Option<Value>,
    /// Moby's answer is kept though the vector gives a better one.
    kept: bool,
    met: bool,
}

impl Judge {
    /// `file` without its `.json`.
    pub(crate) fn new(file: &'static str) -> Judge {
        let listed = deviations()
            .into_iter()
            .filter_map(|deviation| {
                let case = deviation["case"].as_str()?.strip_prefix(file)?;
                let listed = Listed {
                    ours: deviation.get("ours").cloned(),
                    kept: deviation["kept"] == true,
                    met: false,
                };
                Some((case.strip_prefix('/')?.to_owned(), listed))
            })
            .collect();
        Judge {
            file,
            listed,
            cases: 0,
            wrong: Vec::new(),
        }
    }

    /// Our answer beside moby's.
    pub(crate) fn case(&mut self, id: &str, moby: &Value, ours: &Value) {
        self.wanted(id, moby, None, ours);
    }

    /// Our answer beside moby's and the better one the vector gives, if it does.
    pub(crate) fn wanted(&mut self, id: &str, moby: &Value, want: Option<&Value>, ours: &Value) {
        self.cases += 1;
        let complaint = match self.listed.get_mut(id) {
            Some(listed) if listed.kept => {
                listed.met = true;
                (ours != moby).then(|| "is listed as kept, but differs".to_owned())
            }
            Some(listed) => {
                listed.met = true;
                match listed.ours.as_ref().or(want) {
                    None => {
                        Some("is listed without `ours`, and the vector has no `want`".to_owned())
                    }
                    Some(_) if ours == moby => Some("is listed, but equals moby's".to_owned()),
                    Some(meant) if ours != meant => Some(format!("meant   {meant}")),
                    Some(_) => None,
                }
            }
            None if ours != moby => Some("differs and is not listed".to_owned()),
            None if want.is_some_and(|want| want != moby) => Some(format!(
                "equals moby's, wanted is {}",
                want.unwrap_or(&Value::Null)
            )),
            None => None,
        };
        if let Some(complaint) = complaint {
            let id = format!("{}/{id}", self.file);
            self.wrong.push(format!(
                "{id}: {complaint}\n  moby    {moby}\n  ours    {ours}"
            ));
        }
    }

    /// Fails with everything that was wrong, and with listed cases nobody met.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        for (id, listed) in &self.listed {
            if !listed.met {
                self.wrong
                    .push(format!("{}/{id}: is listed, but is no case", self.file));
            }
        }
        assert!(self.cases > 0, "{}: no case was looked at", self.file);
        let count = self.wrong.len();
        assert!(
            count == 0,
            "{count} of {}:\n{}",
            self.cases,
            self.wrong.join("\n")
        );
    }
}

/// Parses `data/<file>.json`.
#[track_caller]
pub(crate) fn vectors(file: &str) -> Value {
    let path = data().join(file).with_extension("json");
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The directory of the vectors.
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// The elements of a JSON array that has to be there.
#[track_caller]
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("the vector has this list")
}

/// A JSON string that has to be there.
#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("the vector has this string")
}

fn deviations() -> Vec<Value> {
    list(&vectors("deviations")).to_vec()
}

/// Each deviation names a row that a parity table really has, and that row is
/// a row: its first cell is the words given.
#[test]
fn every_deviation_has_its_row() {
    let rows = parity_rows();
    let missing: Vec<String> = deviations()
        .iter()
        .filter(|deviation| {
            let row = text(&deviation["row"]);
            !rows.iter().any(|behaviour| behaviour == row)
        })
        .map(|deviation| format!("{}: no row `{}`", deviation["case"], deviation["row"]))
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// First cells of every table row in PARITY.md.
fn parity_rows() -> Vec<String> {
    let text = include_str!("../../../../PARITY.md");
    text.lines().filter_map(first_cell).collect()
}

fn first_cell(line: &str) -> Option<String> {
    let cell = line.trim().strip_prefix('|')?.split(" | ").next()?;
    Some(cell.trim().to_owned())
}

mod of_itself {
    use serde_json::json;

    use super::*;

    fn judge(listed: Option<Option<Value>>) -> Judge {
        Judge {
            file: "f",
            listed: listed
                .map(|ours| ("x".to_owned(), listed_as(ours)))
                .into_iter()
                .collect(),
            cases: 0,
            wrong: Vec::new(),
        }
    }

    fn listed_as(ours: Option<Value>) -> Listed {
        Listed {
            kept: ours == Some(json!("kept")),
            ours,
            met: false,
        }
    }

    #[track_caller]
    fn complaints(mut judge: Judge, moby: i32, want: Option<i32>, ours: i32) -> usize {
        let want = want.map(|want| json!(want));
        judge.wanted("x", &json!(moby), want.as_ref(), &json!(ours));
        judge.wrong.len()
    }

    #[test]
    fn equal_is_right_and_different_is_wrong() {
        assert_eq!(complaints(judge(None), 1, None, 1), 0);
        assert_eq!(complaints(judge(None), 1, None, 2), 1);
        assert_eq!(complaints(judge(None), 1, Some(2), 2), 1);
        assert_eq!(complaints(judge(None), 1, Some(2), 1), 1);
    }

    #[test]
    fn a_listed_deviation_has_to_be_the_one_meant() {
        assert_eq!(complaints(judge(Some(Some(json!(2)))), 1, None, 2), 0);
        assert_eq!(complaints(judge(Some(Some(json!(2)))), 1, None, 3), 1);
        assert_eq!(complaints(judge(Some(None)), 1, Some(2), 2), 0);
        assert_eq!(complaints(judge(Some(None)), 1, Some(2), 1), 1);
        assert_eq!(complaints(judge(Some(None)), 1, None, 2), 1);
    }

    #[test]
    fn what_is_kept_has_to_be_mobys() {
        assert_eq!(
            complaints(judge(Some(Some(json!("kept")))), 1, Some(2), 1),
            0
        );
        assert_eq!(
            complaints(judge(Some(Some(json!("kept")))), 1, Some(2), 2),
            1
        );
    }

    #[test]
    #[should_panic(expected = "is listed, but is no case")]
    fn a_listed_case_that_is_gone_fails() {
        let mut judge = judge(Some(None));
        judge.case("y", &json!(1), &json!(1));
        judge.finish();
    }
}
