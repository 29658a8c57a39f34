//! The report on the shop, whole: what a first look at bowline shows.

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
