//! Liquibase formatted SQL: changesets and their rollbacks in one file
//! (AbstractFormattedChangeLogParser.java).

use rustc_hash::FxHashMap;

use super::super::directive::{self, LIQUIBASE, Line};
use super::super::folder::{Folder, Script, Tool};
use super::super::{Down, Layout, Meant, Migration, OptOut, Part, Transaction, name};
use super::changelog;
use crate::dialect::Engine;
use crate::source::{Source, Span};

pub const TOOL: Tool = Tool {
    layout: Layout::Liquibase,
    claims: |folder| folder.mostly(LIQUIBASE),
    read,
    engine,
    opt_out,
};

/// The one engine that `dbms:` names in all changesets.
fn engine(folder: &Folder) -> Option<Engine> {
    let mut named = None;
    for script in &folder.scripts {
        for line in directive::comments(script.text()) {
            let Some((_, rest)) = changeset(&line).and_then(|_| line.text.split_once("dbms:"))
            else {
                continue;
            };
            let engine = Engine::from_word(rest.split([' ', ',']).next()?.trim_matches('"'));
            if named.is_some() && named != engine {
                return None;
            }
            named = engine;
        }
    }
    named
}

/// Files as the changelog in the root names them, others by name, as
/// `includeAll` reads them; changesets as they stand.
fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts: Vec<&Script> = folder
        .scripts
        .iter()
        .filter(|script| script.has(LIQUIBASE))
        .collect();
    scripts.sort_by(|a, b| name::natural(&a.path, &b.path));
    let order = changelog::order(&folder.companions, &folder.root);
    if !order.is_empty() {
        let order = changelog::Order::new(&order);
        scripts.sort_by_cached_key(|script| order.position(&script.path));
    }
    let mut migrations: Vec<Migration> = scripts.into_iter().flat_map(changesets).collect();
    resolve_references(folder, &mut migrations);
    migrations
}

/// The first word of a comment without its case, and what follows.
fn keyword<'a>(line: &Line<'a>, word: &str) -> Option<&'a str> {
    let rest = line.comment()?.trim_start();
    let head = rest.get(..word.len())?;
    let tail = &rest[word.len()..];
    (head.eq_ignore_ascii_case(word) && !tail.starts_with(|c: char| c.is_alphanumeric()))
        .then_some(tail)
}

/// `author:id` and the attributes of a changeset's line.
fn changeset<'a>(line: &Line<'a>) -> Option<(String, &'a str)> {
    let rest = keyword(line, "changeset")?.trim_start();
    let (author, rest) = quoted_or(rest, ':')?;
    let rest = rest.strip_prefix(':')?.trim_start();
    let (id, attributes) = quoted_or(rest, ' ').or_else(|| Some((rest.trim_end(), "")))?;
    Some((format!("{}:{}", author.trim(), id), attributes))
}

fn quoted_or(text: &str, end: char) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('"') {
        return inner.split_once('"');
    }
    let at = text.find(end)?;
    Some(text.split_at(at))
}

fn attribute<'a>(attributes: &'a str, key: &str) -> Option<&'a str> {
    attributes.split_whitespace().find_map(|word| {
        let (name, value) = word.split_once(':')?;
        name.eq_ignore_ascii_case(key)
            .then_some(value.trim_matches('"'))
    })
}

fn opt_out(source: &Source, part: &Part) -> Option<OptOut> {
    let line = directive::line_above(source, part.span.start)?;
    let (_, attributes) = changeset(&line)?;
    if attribute(attributes, "runInTransaction").is_some() {
        return None;
    }
    let splits = attribute(attributes, "splitStatements") != Some("false");
    let (at, option) = directive::on_line(&line, "runInTransaction:false");
    let then = match splits {
        true => Transaction::Statement,
        false => Transaction::Implicit,
    };
    Some(OptOut {
        reaches_down: true,
        ..OptOut::new(at, option, then)
    })
}

const NEAR: &[directive::Near] = &[
    (
        "liquibaseformattedsql",
        "Liquibase expects `--liquibase formatted sql` as the first line",
        Meant::Mark("--liquibase formatted sql"),
    ),
    ("runintransactionfalse", OPTION, Meant::OptOutElsewhere),
    ("notransaction", OPTION, Meant::OptOutElsewhere),
];

const OPTION: &str = "Liquibase expects `runInTransaction:false` on the `--changeset` line; as it stands the changeset runs in a transaction";
const SPACED: &str = "Liquibase expects `runInTransaction:false`, without a space";
const DASH: &str = "Liquibase expects two dashes; with one the file is refused";

fn changesets(script: &Script) -> Vec<Migration> {
    let mut migrations: Vec<Migration> = Vec::new();
    let mut complaints =
        directive::near_misses(script, NEAR, |line| keyword(line, "liquibase").is_some());
    for line in directive::lines(script.text()) {
        if let Some((id, attributes)) = changeset(&line) {
            close(&mut migrations, line.span.start);
            if attribute(attributes, "runInTransaction") == Some("") {
                complaints.push(script.suspicious(line.span, SPACED));
            }
            migrations.push(open(script, &line, id, attributes));
        } else if let Some(migration) = migrations.last_mut() {
            rollback(script, &line, migration);
        }
        if is_single_dash(line.text) {
            complaints.push(script.suspicious(line.span, DASH));
        }
    }
    close(&mut migrations, script.span().end);
    for complaint in complaints {
        let behind = |m: &Migration| m.up[0].span.start <= complaint.span.end + 2;
        let at = migrations.iter().rposition(behind).unwrap_or(0);
        if let Some(migration) = migrations.get_mut(at) {
            migration.suspicious.push(complaint);
        }
    }
    migrations
}

fn is_single_dash(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix('-') else {
        return false;
    };
    let word = rest.split_whitespace().next().unwrap_or("");
    ["changeset", "rollback"]
        .iter()
        .any(|directive| word.eq_ignore_ascii_case(directive))
}

fn open(script: &Script, line: &Line, id: String, attributes: &str) -> Migration {
    let is = |key: &str, value: &str| {
        attribute(attributes, key).is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    let transaction = match is("runInTransaction", "false") {
        true => Transaction::Statement,
        false => Transaction::File,
    };
    let version = id.rsplit_once(':').map_or("", |(_, id)| id).to_string();
    let mut migration = script.migration(id, version);
    migration.up = vec![script.part(Span::new(line.next, line.next), transaction)];
    migration.down = Down::Missing;
    migration.repeatable = is("runOnChange", "true") || is("runAlways", "true");
    migration
}

fn close(migrations: &mut [Migration], end: u32) {
    if let Some(part) = migrations.last_mut().and_then(|m| m.up.last_mut()) {
        part.span.end = end;
    }
}

/// Adds what a line says about the way back. The SQL stands in comments, so
/// that each line is a part of its own.
fn rollback(script: &Script, line: &Line, migration: &mut Migration) {
    let transaction = migration
        .up
        .first()
        .map_or(Transaction::File, |p| p.transaction);
    if let Some(body) = rollback_block(script, line) {
        add(migration, script.part(body, transaction));
        return;
    }
    let Some(rest) = keyword(line, "rollback") else {
        return;
    };
    let sql = rest.trim();
    if sql.eq_ignore_ascii_case("empty") || sql.to_ascii_lowercase().starts_with("not required") {
        migration.down = Down::DeclaredIrreversible;
    } else if !sql.is_empty() {
        let start = line.span.end - rest.trim_start().len() as u32;
        add(
            migration,
            script.part(Span::new(start, line.span.end), transaction),
        );
    }
}

fn add(migration: &mut Migration, part: Part) {
    match &mut migration.down {
        Down::Parts(parts) => parts.push(part),
        down => *down = Down::Parts(vec![part]),
    }
}

/// The inside of `/* liquibase rollback … */` that begins on this line.
fn rollback_block(script: &Script, line: &Line) -> Option<Span> {
    let rest = line.text.trim_start().strip_prefix("/*")?.trim_start();
    let rest = strip_word(rest, "liquibase")?;
    let rest = strip_word(rest, "rollback")?;
    let start = line.span.end - rest.len() as u32;
    let length = script.text().get(start as usize..)?.find("*/")?;
    Some(Span::new(start, start + length as u32))
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word)
        .then(|| text[word.len()..].trim_start())
}

/// `--rollback changesetId:x changesetAuthor:y` means that changeset's own SQL.
fn resolve_references(folder: &Folder, migrations: &mut [Migration]) {
    let texts: FxHashMap<usize, &str> = folder.scripts.iter().map(|s| (s.id, s.text())).collect();
    let ups: FxHashMap<String, Vec<Part>> = migrations
        .iter()
        .map(|m| (m.id.clone(), m.up.clone()))
        .collect();
    for migration in migrations {
        let Down::Parts(parts) = &mut migration.down else {
            continue;
        };
        let [part] = parts.as_slice() else { continue };
        let text = texts
            .get(&part.source)
            .map_or("", |text| part.span.of(text));
        let own_author = migration.id.split(':').next().unwrap_or("");
        let Some(id) = attribute(text, "changesetId") else {
            continue;
        };
        let author = attribute(text, "changesetAuthor").unwrap_or(own_author);
        if let Some(up) = ups.get(&format!("{author}:{id}")) {
            *parts = up.clone();
        }
    }
}
