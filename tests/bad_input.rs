//! Input can be anything: every file below is read or named, none ends the
//! run, and the files around them are still checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MANY: usize = 100_000;

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bad_input_{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn check(folder: &Path, format: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["check", "--no-config", "--format", format, "."])
        .current_dir(folder)
        .output()
        .unwrap()
}

fn repeat(item: &str, between: &str) -> String {
    vec![item; MANY].join(between)
}

#[test]
fn deep_and_long_expressions_are_read() {
    let folder = folder("deep");
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    write(
        "0001.sql",
        "CREATE TABLE orders (id int, a int, b text);".into(),
    );
    let (open, close) = ("(".repeat(MANY), ")".repeat(MANY));
    write(
        "0002.sql",
        format!("ALTER TABLE orders ADD CHECK ({open}a{close} > 0);"),
    );
    write(
        "0003.sql",
        format!(
            "ALTER TABLE orders ADD CHECK ({});",
            repeat("a > 0", " AND ")
        ),
    );
    write(
        "0004.sql",
        format!("ALTER TABLE orders ADD x int DEFAULT {};", repeat("1", "+")),
    );
    write(
        "0005.sql",
        format!("CREATE VIEW v AS SELECT {} FROM orders;", repeat("b", "||")),
    );
    let union = vec!["SELECT a FROM orders"; 20_000].join(" UNION ALL ");
    write("0006.sql", format!("CREATE VIEW w AS {union};"));
    write(
        "0007.sql",
        format!("UPDATE orders SET a = {};", repeat("1", "+")),
    );
    write("0008.sql", ";".repeat(MANY));
    write("0009.sql", "CREATE INDEX i ON orders (a);".into());
    for format in ["human", "json", "sarif"] {
        let output = check(&folder, format);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{format}: {text}");
        assert!(text.contains("create-index-blocking"), "{format}: {text}");
    }
}

#[test]
fn broken_files_are_named_and_the_rest_is_checked() {
    let folder = folder("broken");
    let write = |name: &str, text: &[u8]| fs::write(folder.join(name), text).unwrap();
    write("0001.sql", b"CREATE TABLE orders (id int, a int);");
    write("0002.sql", b"INSERT INTO orders VALUES (1, 'open");
    write("0003.sql", b"DO $$ BEGIN PERFORM 1;");
    write("0004.sql", b"ALTER TABLE orders ADD COLUMN");
    write("0005.sql", b"\x00\x01\x02 SELECT");
    write("0006.sql", b"\xef\xbb\xbf-- caf\xe9\n/* open");
    write("0007.sql", b"");
    let wide: Vec<u8> = "\u{feff}CREATE INDEX i ON orders (a);"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    write("0008.sql", &wide);
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere.sql", folder.join("0009.sql")).unwrap();
    let output = check(&folder, "json");
    assert_eq!(output.status.code(), Some(2));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = |path: &str| {
        let of = |list: &str| {
            let list = report[list].as_array().unwrap();
            list.iter().any(|item| item["path"] == path)
        };
        of("findings") || of("problems")
    };
    for path in [
        "0002.sql", "0003.sql", "0004.sql", "0005.sql", "0006.sql", "0008.sql",
    ] {
        assert!(said(path), "nothing is said of {path}: {report:#}");
    }
    #[cfg(unix)]
    assert!(said("0009.sql"), "{report:#}");
    let rules = report["findings"].as_array().unwrap();
    assert!(rules.iter().any(|f| f["rule"] == "create-index-blocking"));
}
