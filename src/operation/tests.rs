//! Statements in, operations out: the files in `fixtures/statements` hold SQL
//! and, behind `=>`, one line for each operation it reads as. Setting
//! `BOWLINE_UPDATE` writes what is read now into the files.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{Condition, Guard, InSchema, Operation, Wanted, read};
use crate::source::Span;
use crate::statement::{SplitOptions, split};

#[test]
fn statements_read_as_their_fixtures_say() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/statements");
    let mut wrong = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let now = refreshed(&text);
        if now == text {
            continue;
        }
        if std::env::var_os("BOWLINE_UPDATE").is_some() {
            std::fs::write(&path, now).unwrap();
            continue;
        }
        writeln!(wrong, "{}:", path.file_name().unwrap().display()).unwrap();
        for (old, new) in blocks(&text).iter().zip(blocks(&now)) {
            if *old != new {
                writeln!(wrong, "expected\n{old}\nfound\n{new}\n").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_cut_statement_aborts_or_passes_in_silence() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/statements");
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for block in blocks(&text) {
            for (end, _) in block.char_indices().skip(1) {
                let cut = &block[..end];
                let code = cut.lines().any(|line| {
                    let line = line.trim();
                    !line.is_empty() && !line.starts_with(['-', ';', '/'])
                });
                assert!(
                    !operations(cut).is_empty() || !code,
                    "nothing said of {cut}"
                );
            }
        }
    }
}

#[test]
fn the_length_of_a_block_costs_no_more_than_its_length() {
    for repeated in [
        "BEGIN ",
        "IF a THEN ",
        "EXECUTE 'DROP ' || 'TABLE t'; ",
        "EXECUTE f(; ",
        "EXECUTE 'DO ''BEGIN EXECUTE ''''a'''' || ''''b''''; END''' || ''; ",
        "x[; ",
        "FOR x IN EXECUTE ( ",
        "EXCEPTION WHEN a THEN ",
        "BEGIN x; EXCEPTION WHEN a THEN ",
        "EXPLAIN ",
        "DO $a$ BEGIN DELETE FROM t; END $a$; ",
        "END; ",
        "CASE WHEN ",
    ] {
        let many = repeated.repeat(5_000);
        operations(&format!("DO $$ BEGIN {many} END $$"));
        let quoted = many.replace('\'', "''");
        operations(&format!("DO 'BEGIN {quoted} END'"));
        operations(&format!("CREATE FUNCTION f() LANGUAGE sql AS '{quoted}'"));
    }
    operations(&"EXPLAIN ANALYZE ".repeat(40_000));
    operations(&"WITH a AS (INSERT INTO t ".repeat(40_000));
    operations(&"CREATE SCHEMA s ".repeat(40_000));
}

#[test]
fn depth_is_not_recursion() {
    let deep = "(".repeat(40_000);
    let closed = ")".repeat(40_000);
    for start in [
        "CREATE TABLE t (a int DEFAULT ",
        "CREATE TABLE t (a int CHECK ",
        "CREATE INDEX ON t (",
        "ALTER TABLE t ADD CHECK ",
        "ALTER TABLE t ALTER a TYPE x USING ",
        "ALTER TABLE t ADD a int DEFAULT ",
        "DROP FUNCTION f",
        "CREATE VIEW v AS ",
        "CREATE SCHEMA s CREATE VIEW v AS ",
        "CREATE FUNCTION f",
        "CREATE DOMAIN d AS int DEFAULT ",
        "COMMENT ON FUNCTION f",
        "GRANT a",
        "SET a = ",
        "INSERT INTO t ",
        "UPDATE t SET a = ",
        "SELECT ",
        "WITH a AS ",
        "DO $$ BEGIN ",
        "DO $$ BEGIN EXECUTE ",
        "",
    ] {
        operations(&format!("{start}{deep}"));
        operations(&format!("{start}{deep}{closed}"));
        operations(&format!("{start}{}", "case ".repeat(40_000)));
        operations(&format!("{start}{}", "a.".repeat(40_000)));
        operations(&format!("{start}{}", "a, ".repeat(40_000)));
    }
}

/// The file with what its statements read as now.
fn refreshed(text: &str) -> String {
    let refreshed: Vec<String> = blocks(text).into_iter().map(refresh).collect();
    refreshed.join("\n\n") + "\n"
}

fn blocks(text: &str) -> Vec<&str> {
    text.trim().split("\n\n").collect()
}

fn refresh(block: &str) -> String {
    let mut out: Vec<String> = block
        .lines()
        .filter(|line| !line.starts_with("=> "))
        .map(str::to_owned)
        .collect();
    let sql: Vec<&str> = block
        .lines()
        .filter(|line| !line.starts_with("=> ") && !line.starts_with("# "))
        .collect();
    let sql = sql.join("\n");
    if !sql.is_empty() {
        out.extend(
            operations(&sql)
                .iter()
                .map(|o| format!("=> {}", compact(o))),
        );
    }
    out.join("\n")
}

pub fn operations(text: &str) -> Vec<Operation> {
    let range = Span::new(0, text.len() as u32);
    let mut tokens = Vec::new();
    split(text, range, SplitOptions::default())
        .statements
        .iter()
        .flat_map(|raw| read(text, raw, &mut tokens).operations)
        .collect()
}

/// An operation in one line: its debug form without places and without what
/// says nothing.
pub fn compact(operation: &Operation) -> String {
    let debug = format!("{:?}", operation.action);
    let mut shown = Debug { rest: &debug }.value().shown();
    if operation.within.block {
        shown.insert_str(0, "in block: ");
    }
    if let Some(guard) = operation.within.guard.as_deref().and_then(branch) {
        shown.insert_str(0, &format!("if {guard}: "));
    }
    if operation.within.conditional {
        shown.insert_str(0, "perhaps ");
    }
    shown
}

/// What a branch asks for, and those before it; `None` where nothing of it is
/// known.
fn branch(guard: &Guard) -> Option<String> {
    let own = asked(&guard.condition);
    let before = guard.after.as_ref().and_then(|(before, holds)| {
        let before = branch(before)?;
        Some(if *holds {
            before
        } else {
            format!("not ({before})")
        })
    });
    match before {
        Some(before) if guard.condition == Condition::TRUE => Some(before),
        Some(before) => Some(format!("{before} and then {own}")),
        None => (own != "?" && guard.condition != Condition::TRUE).then_some(own),
    }
}

fn asked(condition: &Condition) -> String {
    let listed = |parts: &[Condition], word: &str| {
        let parts: Vec<String> = parts.iter().map(asked).collect();
        format!("({})", parts.join(word))
    };
    match condition {
        Condition::Exists(wanted) => looked_for(wanted),
        Condition::Not(inner) => format!("no {}", asked(inner)),
        Condition::All(parts) => listed(parts, " and "),
        Condition::Any(parts) => listed(parts, " or "),
        Condition::Server(asked) => format!("server {asked:?}"),
        Condition::Unknown => "?".into(),
    }
}

/// `constraint public.t.name [pu] …`.
fn looked_for(wanted: &Wanted) -> String {
    let schema = match &wanted.schema {
        InSchema::Any => "*",
        InSchema::Named(name) => name,
        InSchema::Current => "(current)",
        InSchema::Path => "(path)",
    };
    let table = wanted.table.as_ref().map(|table| format!(".{table}"));
    let kinds = match wanted.kinds.as_str() {
        "" => String::new(),
        kinds => format!(" [{kinds}]"),
    };
    format!(
        "{} {schema}{}.{}{kinds}{}",
        format!("{:?}", wanted.what).to_lowercase(),
        table.unwrap_or_default(),
        wanted.name,
        if wanted.more { " and more" } else { "" },
    )
}

/// A value in Rust's debug notation.
enum Value {
    Plain(String),
    Text(String),
    List(Vec<Value>),
    Struct(String, Vec<(String, Value)>),
    Tuple(String, Vec<Value>),
}

struct Debug<'a> {
    rest: &'a str,
}

impl Debug<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let yes = rest.starts_with(token);
        self.rest = rest.strip_prefix(token).unwrap_or(rest);
        yes
    }

    fn word(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn quoted(&mut self, quote: char) -> String {
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[at + 1..];
                break;
            }
            if c == '\\' {
                match chars.next() {
                    Some((_, 'n')) => out.push_str("\\n"),
                    Some((_, c)) => out.push(c),
                    None => {}
                }
            } else {
                out.push(c);
            }
        }
        out
    }

    fn list(&mut self, close: &str) -> Vec<Value> {
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.value());
            self.eat(",");
        }
        items
    }

    fn value(&mut self) -> Value {
        if self.eat("\"") {
            return Value::Text(self.quoted('"'));
        }
        if self.eat("'") {
            return Value::Text(self.quoted('\''));
        }
        if self.eat("[") {
            return Value::List(self.list("]"));
        }
        if self.eat("(") {
            return Value::Tuple(String::new(), self.list(")"));
        }
        let name = self.word();
        if self.rest.starts_with('(') {
            self.eat("(");
            return Value::Tuple(name, self.list(")"));
        }
        if !self.rest.starts_with(" {") {
            return Value::Plain(name);
        }
        self.eat("{");
        let mut fields = Vec::new();
        while !self.eat("}") {
            self.rest = self.rest.trim_start();
            let field = self.word();
            self.eat(":");
            fields.push((field, self.value()));
            self.eat(",");
        }
        Value::Struct(name, fields)
    }
}

impl Value {
    fn says_nothing(&self) -> bool {
        match self {
            Value::Plain(word) => matches!(word.as_str(), "false" | "None" | "Permanent"),
            Value::Text(text) => text.is_empty(),
            Value::List(items) => items.is_empty() || items.iter().all(Value::says_nothing),
            _ => false,
        }
    }

    fn shown(&self) -> String {
        match self {
            Value::Plain(word) => word.clone(),
            Value::Text(text) => text.clone(),
            Value::List(items) => format!("[{}]", joined(items)),
            Value::Tuple(name, items) if name == "Some" => joined(items),
            Value::Tuple(name, items) => match items.as_slice() {
                [inner @ Value::Struct(same, _)] if same == name => inner.shown(),
                _ => format!("{name}({})", joined(items)),
            },
            Value::Struct(name, fields) => structure(name, fields),
        }
    }
}

fn joined(items: &[Value]) -> String {
    let shown: Vec<String> = items.iter().map(Value::shown).collect();
    shown.join(", ")
}

fn structure(name: &str, fields: &[(String, Value)]) -> String {
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(field, value)| field == wanted && !value.says_nothing())
            .map_or(String::new(), |(_, value)| value.shown())
    };
    let dotted = |part: String| if part.is_empty() { part } else { part + "." };
    match name {
        "ObjectName" | "Ident" => {
            let mark = if field("template").is_empty() {
                ""
            } else {
                "?"
            };
            format!("{}{}{mark}", dotted(field("schema")), field("name"))
        }
        "Expr" | "Query" => format!("`{}`", field("text")),
        "DataType" => {
            let modifiers: Vec<String> = match fields.iter().find(|(f, _)| f == "modifiers") {
                Some((_, Value::List(items))) => items
                    .iter()
                    .filter(|item| !item.says_nothing())
                    .map(Value::shown)
                    .collect(),
                _ => Vec::new(),
            };
            let modifiers = match modifiers.as_slice() {
                [] => String::new(),
                some => format!("({})", some.join(",")),
            };
            let array = "[]".repeat(field("array").parse().unwrap_or(0));
            format!(
                "{}{}{modifiers}{array}",
                dotted(field("schema")),
                field("name")
            )
        }
        "Target" => {
            let only = if field("only").is_empty() {
                ""
            } else {
                "only "
            };
            let exists = if field("if_exists").is_empty() {
                ""
            } else {
                "if exists "
            };
            format!("{exists}{only}{}", field("name"))
        }
        _ => {
            let shown: Vec<String> = fields
                .iter()
                .filter(|(field, value)| !field.ends_with("span") && !value.says_nothing())
                .map(|(field, value)| match value {
                    Value::Plain(word) if word == "true" => field.clone(),
                    _ => format!("{field}={}", value.shown()),
                })
                .collect();
            format!("{name}({})", shown.join(" "))
        }
    }
}
