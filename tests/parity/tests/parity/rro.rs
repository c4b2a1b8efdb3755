//! `rro.json`: which option a read-only mount gets.

use rroprobe::{
    Absence, ErrorKind, KernelSupport, MountRequest, RuntimeAnswer, Verdict, decide,
    runtime_support,
};
use serde_json::{Value, json};

use crate::judge::{Judge, list, text, vectors};

#[test]
fn the_decision_table() {
    let vectors = vectors("rro");
    let mut judge = Judge::new("rro");
    for case in list(&vectors["decision"]) {
        let mut request = MountRequest::read_only();
        request.non_recursive = case["non_recursive"] == true;
        request.force_recursive = case["force_recursive"] == true;
        let verdict = Verdict::new(kernel(case), runtime(case));
        let ours = match decide(request, &verdict) {
            Ok(option) => json!(option.map(|option| option.as_str())),
            Err(error) => match error.kind() {
                ErrorKind::Conflict => json!("error:conflict"),
                ErrorKind::Unsupported => json!("error:unsupported"),
                kind => panic!("{kind:?}: {error}"),
            },
        };
        let id = format!(
            "decision non_recursive={} force_recursive={} {} {}",
            case["non_recursive"],
            case["force_recursive"],
            text(&case["kernel_probe"]),
            text(&case["runtime_features"])
        );
        judge.case(&id, &case["option"], &ours);
    }
    judge.finish();
}

/// The side that is missing is named as the vector names it.
#[test]
fn the_missing_half_is_named() {
    let vectors = vectors("rro");
    for case in list(&vectors["decision"]) {
        let verdict = Verdict::new(kernel(case), runtime(case));
        let words = match case["unsupported_because"].as_str() {
            None => {
                assert!(verdict.is_supported(), "{case}");
                continue;
            }
            Some("kernel") => "kernel",
            Some("no features document") => "no features document",
            Some("runtime does not list rro") => "runtime",
            Some(other) => panic!("{other}"),
        };
        assert!(!verdict.is_supported(), "{case}");
        assert!(verdict.to_string().contains(words), "{case}: {verdict}");
    }
}

fn kernel(case: &Value) -> KernelSupport {
    match text(&case["kernel_probe"]) {
        "ok" => KernelSupport::Supported,
        "fail" => KernelSupport::Absent(Absence::OldKernel),
        other => panic!("{other}"),
    }
}

fn runtime(case: &Value) -> RuntimeAnswer {
    match text(&case["runtime_features"]) {
        "rro" => runtime_support(Some(&["ro", "rro"])),
        "no-rro" => runtime_support(Some(&["ro"])),
        "list-absent" => runtime_support::<&str>(None),
        "none" => RuntimeAnswer::no_document(),
        other => panic!("{other}"),
    }
}
