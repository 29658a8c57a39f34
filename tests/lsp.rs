//! The language server as an editor meets it: frames in, frames out.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const CREATE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n";
const INDEX: &str = "CREATE INDEX users_email ON users (email);\n";

/// A server in a project of its own, and the editor's side of the pipe.
struct Editor {
    folder: tempfile::TempDir,
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    requests: i32,
    /// What came while an answer was waited for.
    told: Vec<Value>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Editor {
    fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_bowline"))
            .arg("lsp")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let editor = Self {
            folder,
            input: server.stdin.take(),
            output: BufReader::new(server.stdout.take().unwrap()),
            server,
            requests: 0,
            told: Vec::new(),
        };
        editor.write("bowline.toml", "");
        for (name, text) in files {
            editor.write(name, text);
        }
        editor
    }

    /// A server that has been initialized.
    fn open(files: &[(&str, &str)], capabilities: Value) -> (Self, Value) {
        let mut editor = Self::start(files);
        let root = editor.uri("");
        let params = json!({ "processId": null, "rootUri": root, "capabilities": capabilities });
        let answer = editor.ask("initialize", params);
        editor.tell("initialized", json!({}));
        (editor, answer["result"]["capabilities"].clone())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    fn raw(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(&format!("Content-Length: {}\r\n\r\n{text}", text.len()));
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.read();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.told.push(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "it ended");
            match line.trim().split_once(": ") {
                Some((_, value)) => length = value.parse().unwrap(),
                None => break,
            }
        }
        let mut content = vec![0; length];
        self.output.read_exact(&mut content).unwrap();
        serde_json::from_slice(&content).unwrap()
    }

    fn show(&mut self, name: &str, text: &str) -> Vec<String> {
        let item =
            json!({ "uri": self.uri(name), "languageId": "sql", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": item }));
        self.found(name)
    }

    fn change(&mut self, name: &str, changes: Value) -> Vec<String> {
        let document = json!({ "uri": self.uri(name), "version": 2 });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
        self.found(name)
    }

    /// The next diagnostics of a file, as they came.
    fn diagnostics(&mut self, name: &str) -> Vec<Value> {
        let uri = self.uri(name);
        loop {
            let message = match self.told.is_empty() {
                true => self.read(),
                false => self.told.remove(0),
            };
            if message["params"]["uri"] == uri.as_str() {
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// `line:column rule` of the next diagnostics of a file.
    fn found(&mut self, name: &str) -> Vec<String> {
        let short = |diagnostic: &Value| {
            let start = &diagnostic["range"]["start"];
            let code = diagnostic["code"].as_str().unwrap_or("-");
            format!("{}:{} {code}", start["line"], start["character"])
        };
        self.diagnostics(name).iter().map(short).collect()
    }

    fn hover(&mut self, name: &str, line: u32, character: u32) -> Value {
        let params = json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": character },
        });
        self.ask("textDocument/hover", params)["result"].clone()
    }

    fn actions(&mut self, name: &str, line: u32, character: u32) -> Vec<Value> {
        let place = json!({ "line": line, "character": character });
        let params = json!({
            "textDocument": { "uri": self.uri(name) },
            "range": { "start": place, "end": place },
            "context": { "diagnostics": [] },
        });
        let answer = self.ask("textDocument/codeAction", params);
        answer["result"].as_array().unwrap().clone()
    }

    fn ends(mut self) -> i32 {
        self.input = None;
        self.server.wait().unwrap().code().unwrap()
    }
}

const FILES: [(&str, &str); 2] = [("db/0001_init.sql", CREATE), ("db/0002_index.sql", INDEX)];
const SECOND: &str = "db/0002_index.sql";

fn with_title<'a>(actions: &'a [Value], title: &str) -> &'a Value {
    let is_it = |action: &&Value| action["title"] == title;
    actions
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("{title}: {actions:#?}"))
}

#[test]
fn an_open_file_is_judged_within_its_history() {
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    let found = editor.show(SECOND, INDEX);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("create-index-blocking"), "{found:?}");
    let whole = json!([{ "text": "ALTER TABLE users ADD COLUMN email text;\n" }]);
    assert_eq!(editor.change(SECOND, whole), ["0:29 schema-conflict"]);
    editor.tell(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": editor.uri("bowline.toml"), "languageId": "toml", "version": 1, "text": "x" } }),
    );
    let first = editor.show(
        "db/0001_init.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY);\n",
    );
    assert_eq!(first, [""; 0]);
    assert_eq!(
        editor.found(SECOND),
        [""; 0],
        "what is open counts, saved or not"
    );
    let close = json!({ "textDocument": { "uri": editor.uri("db/0001_init.sql") } });
    editor.tell("textDocument/didClose", close);
    assert_eq!(editor.found("db/0001_init.sql"), [""; 0]);
    assert_eq!(editor.found(SECOND), ["0:29 schema-conflict"]);
}

#[test]
fn a_diagnostic_says_what_where_and_why() {
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    editor.show(SECOND, INDEX);
    let text = "ALTER TABLE users ADD COLUMN email text;\n";
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": editor.uri(SECOND), "version": 2 }, "contentChanges": [{ "text": text }] }),
    );
    let all = editor.diagnostics(SECOND);
    assert_eq!(
        (&all[0]["source"], &all[0]["severity"]),
        (&json!("bowline"), &json!(1))
    );
    assert!(
        all[0]["message"]
            .as_str()
            .unwrap()
            .contains("\n\nMake the migration fit")
    );
    let related = &all[0]["relatedInformation"];
    if let Some(place) = related.get(0) {
        assert_eq!(
            place["location"]["uri"],
            editor.uri("db/0001_init.sql").as_str()
        );
    }
}

#[test]
fn columns_are_in_the_units_that_were_agreed_on() {
    let text = "/* é😀 */ CREATE INDEX users_email ON users (email);\n";
    let offered = json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } });
    let mut starts = Vec::new();
    for (capabilities, encoding, emoji) in [(json!({}), "utf-16", 2), (offered, "utf-8", 4)] {
        let (mut editor, server) = Editor::open(&FILES, capabilities);
        assert_eq!(server["positionEncoding"], encoding);
        let found = editor.show(SECOND, text);
        starts.push(found[0].clone());
        let e = if encoding == "utf-8" { 2 } else { 1 };
        let range = json!({
            "start": { "line": 0, "character": 3 },
            "end": { "line": 0, "character": 3 + e + emoji },
        });
        let changed = editor.change(SECOND, json!([{ "range": range, "text": "x" }]));
        let column: u32 = found[0][2..].split(' ').next().unwrap().parse().unwrap();
        assert!(changed[0].starts_with(&format!("0:{} ", column + 1 - e - emoji)));
    }
    assert_ne!(starts[0], starts[1]);
}

#[test]
fn hovering_tells_what_a_statement_does() {
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    editor.show(SECOND, INDEX);
    let hover = editor.hover(SECOND, 0, 15);
    let text = hover["contents"]["value"].as_str().unwrap();
    for part in [
        "**create index**",
        "`users` SHARE (writes wait)",
        "Reads all of `users`",
        "deploy **blocking**",
        "Migration `0002_index`: deploy",
        "**create-index-blocking**:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (shown, _) = text.split_once("\n\n---").unwrap();
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(&format!("```text\n{shown}\n```")),
        "{shown}"
    );
    assert_eq!(hover["range"]["end"], json!({ "line": 0, "character": 41 }));
    assert_eq!(editor.hover(SECOND, 7, 0), Value::Null);
    assert_eq!(
        editor.hover("db/0001_init.sql", 0, 0),
        Value::Null,
        "it is not open"
    );
}

#[test]
fn a_finding_can_be_ignored_with_a_reason() {
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    let text = "-- no-transaction\n  CREATE INDEX users_email ON users (email);\n";
    editor.show(SECOND, text);
    let actions = editor.actions(SECOND, 1, 20);
    let ignore = with_title(&actions, "Ignore create-index-blocking with a reason");
    let edit = &ignore["edit"]["changes"][editor.uri(SECOND)][0];
    assert_eq!(
        edit["newText"],
        "-- bowline: ignore create-index-blocking reason=\"…\"\n  "
    );
    assert_eq!(edit["range"]["start"], json!({ "line": 1, "character": 2 }));
    assert_eq!(ignore["diagnostics"][0]["code"], "create-index-blocking");
    let found = editor.change(
        SECOND,
        json!([{ "range": edit["range"], "text": edit["newText"] }]),
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("unexplained-suppression"), "{found:?}");
    assert!(editor.actions(SECOND, 0, 0).is_empty());
}

#[test]
fn a_fix_can_be_applied() {
    let files = [
        (
            "db/00001_init.sql",
            "-- +goose Up\nCREATE TABLE users (id bigint PRIMARY KEY, email text);\n",
        ),
        ("db/00002_index.sql", ""),
    ];
    let (mut editor, _) = Editor::open(&files, json!({}));
    let name = files[1].0;
    let text =
        "-- +goose Up\r\n-- größer 🚢\r\n/* 🚢 */ CREATE INDEX users_email ON users (email);\r\n";
    let found = editor.show(name, text);
    assert!(found[0].ends_with("create-index-blocking"), "{found:?}");
    let actions = editor.actions(name, 2, 25);
    let title = "Build the index concurrently, with `-- +goose NO TRANSACTION`";
    let fix = with_title(&actions, title);
    assert_eq!(fix["isPreferred"], true);
    assert_eq!(fix["kind"], "quickfix");
    assert_eq!(fix["diagnostics"][0]["code"], "create-index-blocking");
    // The last place first, so that the others stay where they are.
    let mut edits = fix["edit"]["changes"][editor.uri(name)]
        .as_array()
        .unwrap()
        .clone();
    let line = |edit: &Value| edit["range"]["start"]["line"].as_u64();
    edits.sort_by_key(|edit| std::cmp::Reverse(line(edit)));
    let changes = edits
        .iter()
        .map(|e| json!({ "range": e["range"], "text": e["newText"] }));
    let found = editor.change(name, changes.collect());
    let blocking = found.iter().filter(|f| !f.ends_with("missing-down"));
    assert_eq!(blocking.count(), 0, "{found:?}");
    let actions = editor.actions(name, 3, 25);
    let more = actions.iter().any(|action| action["isPreferred"] == true);
    assert!(!more, "{actions:#?}");
}

#[test]
fn a_phase_can_be_declared_behind_the_first_comments() {
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    let text = "-- no-transaction\nALTER TABLE users DROP COLUMN email;\n";
    let found = editor.show(SECOND, text);
    assert!(
        found.iter().any(|f| f.ends_with("drop-column")),
        "{found:?}"
    );
    let actions = editor.actions(SECOND, 1, 32);
    let declare = with_title(&actions, "Declare the phase: contract");
    let edit = &declare["edit"]["changes"][editor.uri(SECOND)][0];
    assert_eq!(edit["newText"], "-- bowline: phase contract\n");
    assert_eq!(edit["range"]["start"], json!({ "line": 1, "character": 0 }));
    let found = editor.change(
        SECOND,
        json!([{ "range": edit["range"], "text": edit["newText"] }]),
    );
    assert!(
        !found.iter().any(|f| f.ends_with("drop-column")),
        "{found:?}"
    );
    let titles = editor.actions(SECOND, 2, 32);
    assert!(
        !titles
            .iter()
            .any(|a| a["title"].as_str().unwrap().starts_with("Declare"))
    );
}

#[test]
fn pages_are_shown_by_editors_that_can() {
    let shows = json!({ "window": { "showDocument": { "support": true } } });
    let (mut editor, _) = Editor::open(&FILES, shows);
    editor.show(SECOND, INDEX);
    let actions = editor.actions(SECOND, 0, 15);
    let open = with_title(&actions, "Open the page of create-index-blocking");
    let answer = editor.ask("workspace/executeCommand", open["command"].clone());
    assert_eq!(answer["result"], Value::Null, "{answer}");
    let shown = editor
        .told
        .iter()
        .find(|m| m["method"] == "window/showDocument");
    let uri = shown.unwrap()["params"]["uri"].as_str().unwrap();
    assert!(uri.ends_with("create-index-blocking.md"), "{uri}");
    if let Some(file) = uri.strip_prefix("file://") {
        assert!(fs::read_to_string(file).unwrap().starts_with("# "));
    }
    let wrong = json!({ "command": "bowline.openPage", "arguments": ["no-rule"] });
    let answer = editor.ask("workspace/executeCommand", wrong);
    assert_eq!(answer["error"]["code"], -32602);
}

#[test]
fn what_lies_on_disk_is_read_again_when_it_changes() {
    let watches =
        json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let (mut editor, _) = Editor::open(&FILES, watches);
    let registration = editor.read();
    assert_eq!(registration["method"], "client/registerCapability");
    let text = "ALTER TABLE users ADD COLUMN email text;\n";
    assert_eq!(editor.show(SECOND, text), ["0:29 schema-conflict"]);
    editor.write(
        "db/0001_init.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY);\n",
    );
    let changed = json!({ "changes": [{ "uri": editor.uri("db/0001_init.sql"), "type": 2 }] });
    editor.tell("workspace/didChangeWatchedFiles", changed);
    assert_eq!(editor.found(SECOND), [""; 0]);
    editor.write("db/0001_init.sql", CREATE);
    let saved = json!({ "textDocument": { "uri": editor.uri(SECOND) } });
    editor.tell("textDocument/didSave", saved.clone());
    assert_eq!(editor.found(SECOND), ["0:29 schema-conflict"]);
    editor.write("bowline.toml", "[rules]\nschema-conflict = \"off\"\n");
    editor.tell("textDocument/didSave", saved.clone());
    assert_eq!(editor.found(SECOND), [""; 0]);
    editor.write("bowline.toml", "\nenigne = \"postgres\"\n");
    editor.tell("textDocument/didSave", saved.clone());
    assert_eq!(
        editor.found(SECOND),
        [""; 0],
        "the last good one is in force"
    );
    assert_eq!(editor.found("bowline.toml"), ["1:0 -"]);
    editor.write("bowline.toml", "");
    editor.tell("textDocument/didSave", saved);
    assert_eq!(editor.found(SECOND), ["0:29 schema-conflict"]);
    assert_eq!(editor.found("bowline.toml"), [""; 0]);
}

#[test]
fn a_text_without_a_history_is_judged_alone() {
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    let text = "CREATE INDEX x ON elsewhere (email);\n";
    assert!(editor.show("db/notes.sql", text)[0].ends_with("create-index-blocking"));
    let item =
        json!({ "uri": "untitled:Untitled-1", "languageId": "sql", "version": 1, "text": text });
    editor.tell("textDocument/didOpen", json!({ "textDocument": item }));
    let told = editor.read();
    assert_eq!(told["params"]["uri"], "untitled:Untitled-1");
    assert_eq!(
        told["params"]["diagnostics"][0]["code"],
        "create-index-blocking"
    );
}

#[test]
fn nonsense_is_answered_and_survived() {
    let mut editor = Editor::start(&FILES);
    let early = editor.ask("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"], -32002);
    assert_eq!(
        editor.ask("initialize", json!([1]))["error"]["code"],
        -32602
    );
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    assert_eq!(editor.ask("initialize", json!({}))["error"]["code"], -32600);
    assert_eq!(editor.ask("no/such", json!(null))["error"]["code"], -32601);
    for wrong in [json!(null), json!([]), json!({ "textDocument": 3 })] {
        for method in [
            "textDocument/hover",
            "textDocument/codeAction",
            "workspace/executeCommand",
        ] {
            let answer = editor.ask(method, wrong.clone());
            assert!(
                matches!(answer["error"]["code"].as_i64(), Some(-32602 | -32601)),
                "{answer}"
            );
        }
        for method in ["didOpen", "didChange", "didClose", "didSave"] {
            editor.tell(&format!("textDocument/{method}"), wrong.clone());
        }
    }
    editor.raw("Content-Length: 9999999999999\r\n\r\n");
    editor.raw("Content-Length: 1\r\n\r\n{");
    editor.send(&json!({ "id": {}, "method": [] }));
    editor.tell("$/unknown", json!({}));
    editor.show(SECOND, INDEX);
    let far = json!({ "line": u32::MAX, "character": u32::MAX });
    let near = json!({ "line": 0, "character": 0 });
    let range = json!({ "start": far, "end": near });
    let found = editor.change(SECOND, json!([{ "range": range, "text": "é\0\u{feff}\r" }]));
    assert!(found.len() < 9, "{found:?}");
    editor.change(SECOND, json!([{ "text": "CREATE INDEX (((" }]));
    editor.hover(SECOND, u32::MAX, u32::MAX);
    assert!(editor.told.iter().all(|m| m["error"]["code"] != -32603));
}

#[test]
fn it_ends_when_it_is_told_to() {
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    assert_eq!(editor.ask("shutdown", json!(null))["result"], Value::Null);
    assert_eq!(
        editor.ask("textDocument/hover", json!({}))["error"]["code"],
        -32600
    );
    editor.tell("exit", json!(null));
    assert_eq!(editor.ends(), 0);
    let (mut editor, _) = Editor::open(&FILES, json!({}));
    editor.tell("exit", json!(null));
    assert_eq!(editor.ends(), 1);
    let (editor, _) = Editor::open(&FILES, json!({}));
    assert_eq!(editor.ends(), 1, "the editor is gone");
}
