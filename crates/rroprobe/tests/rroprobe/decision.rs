//! moby's table as data.

use rroprobe::{
    Absence, ErrorKind, KernelSupport, MountRequest, PlainRo, RuntimeAnswer, RuntimeSupport,
    Verdict, decide, runtime_support,
};
use serde_json::Value;

fn verdict(case: &Value) -> Verdict {
    let kernel = match case["kernel_probe"].as_str() {
        Some("ok") => KernelSupport::Supported,
        Some("fail") => KernelSupport::Absent(Absence::OldKernel),
        other => panic!("kernel_probe {other:?}"),
    };
    let runtime = match case["runtime_features"].as_str() {
        Some("rro") => runtime_support(Some(&["bind", "rro"])),
        Some("no-rro") => runtime_support(Some(&["bind", "ro"])),
        Some("list-absent") => runtime_support(None::<&[&str]>),
        Some("none") => RuntimeAnswer::no_document(),
        other => panic!("runtime_features {other:?}"),
    };
    Verdict::new(kernel, runtime)
}

fn request(case: &Value) -> MountRequest {
    let mut request = MountRequest::read_only();
    request.non_recursive = case["non_recursive"].as_bool().expect("a bool");
    request.force_recursive = case["force_recursive"].as_bool().expect("a bool");
    request
}

#[test]
fn every_case_of_the_table_is_decided_as_moby_does() {
    let data: Value = serde_json::from_str(include_str!("data/decision.json")).unwrap();
    let cases = data["decision"].as_array().unwrap();
    assert_eq!(cases.len(), 23);
    for case in cases {
        let got = match decide(request(case), &verdict(case)) {
            Ok(option) => option.expect("a read-only mount has an option").to_string(),
            Err(error) => match error.kind() {
                ErrorKind::Conflict => "error:conflict".to_owned(),
                ErrorKind::Unsupported => "error:unsupported".to_owned(),
                other => panic!("{other:?}"),
            },
        };
        assert_eq!(Some(got.as_str()), case["option"].as_str(), "{case}");
    }
}

/// All sixteen kinds of request × support, whatever the table's samples leave out.
#[test]
fn the_rule_holds_for_all_combinations() {
    let kernels = [KernelSupport::Supported, KernelSupport::NoEffect];
    let runtimes = [
        RuntimeAnswer::new(RuntimeSupport::Yes, "yes"),
        RuntimeAnswer::new(RuntimeSupport::No, "no"),
        RuntimeAnswer::new(RuntimeSupport::No, "gVisor").with_plain_ro(PlainRo::Recursive),
        RuntimeAnswer::no_document(),
    ];
    for bits in 0..8 {
        let mut request = MountRequest::default();
        (
            request.read_only,
            request.non_recursive,
            request.force_recursive,
        ) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        for verdict in kernels
            .iter()
            .flat_map(|&k| runtimes.iter().map(move |r| Verdict::new(k, r.clone())))
        {
            let got = decide(request, &verdict)
                .map(|o| o.map(|o| o.as_str()))
                .map_err(|e| e.kind());
            let works = verdict.is_supported();
            let MountRequest {
                read_only,
                non_recursive,
                force_recursive,
                ..
            } = request;
            let want = if (non_recursive && force_recursive)
                || (!read_only && (non_recursive || force_recursive))
            {
                Err(ErrorKind::Conflict)
            } else if !read_only {
                Ok(None)
            } else if non_recursive || (!works && !force_recursive) {
                Ok(Some("ro"))
            } else if works {
                Ok(Some("rro"))
            } else if verdict.runtime.plain_ro == PlainRo::Recursive {
                Ok(Some("ro"))
            } else {
                Err(ErrorKind::Unsupported)
            };
            assert_eq!(got, want, "{request:?} {verdict:?}");
        }
    }
}

#[test]
fn a_forced_wish_that_cannot_be_met_names_the_missing_half() {
    let mut request = MountRequest::read_only();
    request.force_recursive = true;
    let kernel = Verdict::new(
        KernelSupport::Absent(Absence::OldKernel),
        RuntimeAnswer::new(RuntimeSupport::Yes, "it is said"),
    );
    let error = decide(request, &kernel).unwrap_err();
    assert!(error.to_string().contains("older than 5.12"), "{error}");
    let runtime = Verdict::new(KernelSupport::Supported, runtime_support(Some(&["ro"])));
    let error = decide(request, &runtime).unwrap_err();
    assert!(error.to_string().contains("does not list"), "{error}");
    assert_eq!(error.raw_os_error(), None);
}
