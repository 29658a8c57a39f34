//! The report on the shop, whole: what a first look at bowline shows; and what
//! it advises where names have to be quoted, are taken, or stand for much.

use std::process::Command;

#[test]
fn the_report_on_the_shop() {
    let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["check", "fixtures/shop"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs");
    let report = String::from_utf8(output.stdout).expect("the report is UTF-8");
    insta::assert_snapshot!("shop", report);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(
        output.status.code(),
        Some(1),
        "there are errors to be found"
    );
}

/// Each remedy was run on a server, on the schema that it stands on.
#[test]
fn the_remedies_can_be_pasted() {
    let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["check", "fixtures/remedies", "--format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs");
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("the report is JSON");
    let mut remedies = String::new();
    for finding in report["findings"].as_array().expect("a list of findings") {
        let text = |key: &str| finding[key].as_str().unwrap_or_default();
        let path = text("path").rsplit('/').next().unwrap_or_default();
        let line = &finding["range"]["start"]["line"];
        remedies += &format!("{} {path}:{line}\n{}\n\n", text("rule"), text("help"));
    }
    insta::assert_snapshot!("remedies", remedies);
}
