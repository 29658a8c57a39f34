//! The statements as JSON, version 1.
//!
//! `schema/bowline-inspect.schema.json` describes it.

use std::io;

use serde::Serialize;

use super::super::json::RangeView;
use super::super::source;
use super::{Touched, touched};
use crate::effect::ScanKind;
use crate::inverse::{Condition, Inverse};
use crate::report::{Direction, OperationReport, Report, StatementReport};

/// Writes the statements as one JSON document.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let document = DocumentView {
        version: 1,
        engine: report.dialect.engine.name(),
        engine_version: report.dialect.version.to_string(),
        statements: report
            .statements
            .iter()
            .map(|statement| StatementView::new(report, statement))
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct DocumentView<'a> {
    version: u8,
    engine: &'static str,
    engine_version: String,
    statements: Vec<StatementView<'a>>,
}

#[derive(Serialize)]
struct StatementView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    range: RangeView,
    text: &'a str,
    operations: Vec<OperationView<'a>>,
    transaction: &'static str,
    locks: Vec<LockView>,
    rewrites: Vec<String>,
    index_rebuilds: Vec<String>,
    scans: Vec<String>,
    /// Relations that nobody can wait for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    creates: Vec<String>,
    undo: UndoView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fails: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fails_with_rows: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    uncertain: bool,
}

#[derive(Serialize)]
struct OperationView<'a> {
    kind: &'static str,
    object: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<&'a str>,
}

#[derive(Serialize)]
struct LockView {
    relation: String,
    mode: &'static str,
}

#[derive(Serialize)]
struct UndoView<'a> {
    kind: &'static str,
    sql: Option<String>,
    loses: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<NeedView<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<&'a str>,
}

#[derive(Serialize)]
struct NeedView<'a> {
    what: &'a str,
    query: &'a str,
}

impl<'a> From<&'a Condition> for NeedView<'a> {
    fn from(condition: &'a Condition) -> Self {
        Self {
            what: &condition.what,
            query: &condition.query,
        }
    }
}

/// The statements with their semicolons, one below the other.
fn sql(undo: &Inverse) -> Option<String> {
    let lines: Vec<String> = undo.statements.iter().map(|s| format!("{s};")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl<'a> From<&'a OperationReport> for OperationView<'a> {
    fn from(operation: &'a OperationReport) -> Self {
        Self {
            kind: operation.kind,
            object: operation.subject.object.as_deref(),
            part: operation.subject.part.as_deref(),
            object_kind: operation.subject.kind.map(Into::into),
            unread: operation.unread.as_deref(),
        }
    }
}

impl<'a> StatementView<'a> {
    fn new(report: &'a Report, statement: &'a StatementReport) -> Self {
        let file = source(report, statement.source);
        let effect = &statement.effect;
        let (new, there): (Vec<_>, Vec<_>) =
            touched(statement).into_iter().partition(|t| t.created);
        let named = |test: fn(&Touched<'_>) -> bool| {
            let list = there.iter().filter(|touched| test(touched));
            list.map(|touched| touched.relation.to_string()).collect()
        };
        let fails = statement.fails.as_ref();
        Self {
            direction: (statement.direction == Direction::Down).then_some("down"),
            range: RangeView::new(file, statement.span),
            text: file.slice(statement.span),
            operations: statement.operations.iter().map(Into::into).collect(),
            transaction: match effect.forbidden_in_transaction {
                Some(_) => "forbidden",
                None => "ok",
            },
            locks: there.iter().filter_map(lock).collect(),
            rewrites: named(|touched| touched.rewritten),
            index_rebuilds: named(|touched| touched.built),
            scans: there.iter().filter_map(scan).collect(),
            creates: new.iter().map(|t| t.relation.to_string()).collect(),
            undo: UndoView {
                kind: statement.verdict.undo.into(),
                sql: sql(&statement.undo),
                loses: statement.undo.loses.iter().map(String::as_str).collect(),
                needs: statement.undo.conditions.iter().map(Into::into).collect(),
                missing: statement.undo.missing.iter().map(String::as_str).collect(),
            },
            fails: fails.filter(|f| f.certain).map(|f| f.why.as_str()),
            fails_with_rows: fails.filter(|f| !f.certain).map(|f| f.why.as_str()),
            uncertain: statement.is_uncertain(),
        }
    }
}

fn lock(touched: &Touched<'_>) -> Option<LockView> {
    Some(LockView {
        relation: touched.relation.to_string(),
        mode: touched.lock?.pg_name(),
    })
}

/// `t`, `t(index)` where an index leads through all rows, `t(blocks)` where
/// blocks are read and not rows.
fn scan(touched: &Touched<'_>) -> Option<String> {
    let relation = touched.relation;
    match touched.scan? {
        ScanKind::Partial => None,
        ScanKind::Blocks => Some(format!("{relation}(blocks)")),
        ScanKind::Index => Some(format!("{relation}(index)")),
        ScanKind::Full => Some(relation.to_string()),
    }
}
