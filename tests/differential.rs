//! The readers against another reader: what `sqlparser` understands of a
//! statement, bowline must understand the same way. Statements come from every
//! SQL file and rule page of the repository, so the test grows with them;
//! `BOWLINE_SQL` names a folder with more.

#[expect(dead_code, reason = "the benches take the rest of it")]
#[path = "../benches/history/generate.rs"]
mod generate;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bowline::analysis;
use bowline::config::Config;
use bowline::operation::{self, Action, ObjectName, Operation};
use bowline::project::{File, Named, Options, Project, organise};
use bowline::report::Report;
use bowline::source::{Source, Span};
use bowline::statement::cursor::{NAME_BYTES, cut};
use bowline::statement::{Shape, SplitOptions, split};
use sqlparser::ast::{
    self, AlterTableOperation, ColumnOption, Ident, ObjectType, RenameTableNameKind, Statement,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// A statement in words that both readers share.
type Facts = Vec<String>;

#[test]
fn both_readers_say_the_same() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (path, text) in texts() {
        let mut tokens = Vec::new();
        let whole = Span::new(0, text.len() as u32);
        for raw in split(&text, whole, SplitOptions::default()).statements {
            let statement = raw.span.of(&text);
            if raw.shape != Shape::Sql || statement.len() > 20_000 || statement.contains("{{") {
                continue;
            }
            let Some(theirs) = parse(statement) else {
                continue;
            };
            let ours = operation::read(&text, &raw, &mut tokens).operations;
            if ours
                .iter()
                .any(|o| matches!(o.action, Action::Unparsed { .. }))
            {
                continue;
            }
            compared += 1;
            let ours: Facts = ours.iter().flat_map(own).collect();
            if ours != theirs {
                wrong.push(format!(
                    "{}:\n{statement}\n  ours   {ours:?}\n  theirs {theirs:?}",
                    path.display()
                ));
            }
        }
    }
    println!("{compared} statements compared");
    assert!(compared > 500, "only {compared} statements were compared");
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n\n")
    );
}

fn texts() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("fixtures/shop"), &mut files);
    walk(&root.join("fixtures/layouts"), &mut files);
    walk(&root.join("fixtures/statements"), &mut files);
    walk(&root.join("rules"), &mut files);
    if let Some(more) = std::env::var_os("BOWLINE_SQL") {
        walk(Path::new(&more), &mut files);
    }
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            let text = match path.extension()?.to_str()? {
                "sql" => text,
                "md" => blocks(&text),
                // One statement before each `=>`.
                "txt" => text
                    .lines()
                    .filter(|l| !l.starts_with("=>"))
                    .fold(String::new(), |all, line| {
                        all + line + if line.is_empty() { ";\n" } else { "\n" }
                    }),
                _ => return None,
            };
            Some((path, text))
        })
        .collect()
}

fn blocks(page: &str) -> String {
    let mut inside = false;
    let mut out = String::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside && line.starts_with("```sql");
        } else if inside {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn parse(statement: &str) -> Option<Facts> {
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, statement).ok()?;
    if statements.len() != 1 {
        return None;
    }
    theirs(&statements.pop()?)
}

fn theirs(statement: &Statement) -> Option<Facts> {
    Some(match statement {
        // sqlparser takes `b NOT NULL` of a partition for a column of type NOT.
        Statement::CreateTable(create)
            if create.query.is_none() && create.like.is_none() && create.partition_of.is_none() =>
        {
            let mut facts = vec![format!("table {}", name(&create.name))];
            facts.extend(create.columns.iter().map(column));
            facts
        }
        Statement::AlterTable(alter) => alter
            .operations
            .iter()
            .map(|operation| alteration(&name(&alter.name), operation))
            .collect::<Option<Vec<Facts>>>()?
            .concat(),
        Statement::CreateIndex(create) => vec![format!(
            "index {} on {} of {} unique={} concurrently={} partial={}",
            create.name.as_ref().map(name).unwrap_or_default(),
            name(&create.table_name),
            create.columns.len(),
            create.unique,
            create.concurrently,
            create.predicate.is_some()
        )],
        Statement::Drop {
            object_type: ObjectType::Table | ObjectType::View | ObjectType::Index,
            names,
            if_exists,
            cascade,
            ..
        } => names
            .iter()
            .map(|n| format!("drop {} if_exists={if_exists} cascade={cascade}", name(n)))
            .collect(),
        _ => return None,
    })
}

fn column(column: &ast::ColumnDef) -> String {
    let options = || column.options.iter().map(|o| &o.option);
    let not_null =
        options().any(|o| matches!(o, ColumnOption::NotNull | ColumnOption::PrimaryKey(_)));
    let identity = options().any(|o| {
        matches!(
            o,
            ColumnOption::Generated {
                generation_expr: None,
                ..
            }
        )
    });
    let serial = column
        .data_type
        .to_string()
        .to_lowercase()
        .contains("serial");
    let default = options().any(|o| matches!(o, ColumnOption::Default(_)));
    format!(
        "column {} not_null={} default={default}",
        ident(&column.name),
        not_null || identity || serial
    )
}

fn alteration(table: &str, operation: &AlterTableOperation) -> Option<Facts> {
    Some(match operation {
        AlterTableOperation::AddColumn { column_def, .. } => {
            vec![format!("add to {table} {}", column(column_def))]
        }
        AlterTableOperation::DropColumn {
            column_names,
            if_exists,
            ..
        } => column_names
            .iter()
            .map(|c| format!("drop from {table} {} if_exists={if_exists}", ident(c)))
            .collect(),
        AlterTableOperation::RenameColumn {
            old_column_name,
            new_column_name,
        } => vec![format!(
            "rename in {table} {} to {}",
            ident(old_column_name),
            ident(new_column_name)
        )],
        AlterTableOperation::RenameTable {
            table_name: RenameTableNameKind::To(to),
        } => vec![format!("rename {table} to {}", name(to))],
        AlterTableOperation::AddConstraint { not_valid, .. } => {
            vec![format!("constrain {table} not_valid={not_valid}")]
        }
        AlterTableOperation::DropConstraint {
            name, if_exists, ..
        } => vec![format!(
            "release {table} {} if_exists={if_exists}",
            ident(name)
        )],
        AlterTableOperation::AlterColumn { column_name, op } => {
            let what = match op {
                ast::AlterColumnOperation::SetNotNull => "SetNotNull",
                ast::AlterColumnOperation::DropNotNull => "DropNotNull",
                ast::AlterColumnOperation::SetDefault { .. } => "SetDefault",
                ast::AlterColumnOperation::DropDefault => "DropDefault",
                ast::AlterColumnOperation::SetDataType { .. } => "AlterColumnType",
                _ => return None,
            };
            vec![format!("{what} {table} {}", ident(column_name))]
        }
        _ => return None,
    })
}

/// As the server takes it: without capitals, unless it is quoted, and cut.
fn ident(ident: &Ident) -> String {
    let name = match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    };
    cut(&name, NAME_BYTES).to_owned()
}

/// The last two parts, as bowline keeps them.
fn name(name: &ast::ObjectName) -> String {
    let parts: Vec<String> = name
        .0
        .iter()
        .filter_map(|part| part.as_ident().map(ident))
        .collect();
    parts[parts.len().saturating_sub(2)..].join(".")
}

fn own(operation: &Operation) -> Facts {
    let table = |name: &ObjectName| name.to_string();
    let one = match &operation.action {
        Action::CreateTable(create) => {
            let columns = create.columns.iter().map(|c| own_column(c));
            return std::iter::once(format!("table {}", create.name))
                .chain(columns)
                .collect();
        }
        Action::AddColumn {
            table: target,
            column,
            ..
        } => format!("add to {} {}", target.name, own_column(column)),
        Action::DropColumn {
            table: target,
            column,
            if_exists,
            ..
        } => format!(
            "drop from {} {} if_exists={if_exists}",
            target.name, column.name
        ),
        Action::RenameColumn {
            table: target,
            column,
            to,
        } => format!("rename in {} {} to {}", target.name, column.name, to.name),
        Action::Rename { name, to, .. } => format!("rename {} to {}", table(name), to.name),
        Action::AddConstraint {
            table: target,
            constraint,
        } => format!(
            "constrain {} not_valid={}",
            target.name, constraint.not_valid
        ),
        Action::DropConstraint {
            table: target,
            name,
            if_exists,
            ..
        } => format!(
            "release {} {} if_exists={if_exists}",
            target.name, name.name
        ),
        Action::SetNotNull { table, column }
        | Action::DropNotNull { table, column }
        | Action::DropDefault { table, column }
        | Action::SetDefault { table, column, .. }
        | Action::AlterColumnType { table, column, .. } => format!(
            "{:?} {} {}",
            operation.action.kind(),
            table.name,
            column.name
        ),
        Action::CreateIndex(create) => format!(
            "index {} on {} of {} unique={} concurrently={} partial={}",
            create.name.as_ref().map(table).unwrap_or_default(),
            create.table,
            create.elements.len(),
            create.unique,
            create.concurrently,
            create.predicate.is_some()
        ),
        Action::Drop {
            name,
            if_exists,
            cascade,
            ..
        } => format!("drop {name} if_exists={if_exists} cascade={cascade}"),
        other => format!("{:?}", other.kind()),
    };
    vec![one]
}

fn own_column(column: &operation::Column) -> String {
    format!(
        "column {} not_null={} default={}",
        column.name,
        column.not_null,
        column.default.is_some()
    )
}

/// A script that is judged a stretch at a time says what it says as a whole: a
/// dump, one with what people would not do to tables that are in use, and
/// migrations put together, where no rule has to look into another stretch.
#[test]
fn stretches_say_the_same_as_the_whole() {
    let together: String = generate::history(150)
        .into_iter()
        .filter(|(path, _)| path.starts_with("plain/"))
        .map(|(_, text)| text + "\n")
        .collect();
    let around = |middle: String| {
        format!(
            "BEGIN;\nALTER TABLE customers ADD COLUMN a int;\n{middle}\nALTER TABLE \
             customers ADD CONSTRAINT c CHECK (a > 0);\nCREATE INDEX CONCURRENTLY i ON \
             customers (a);\nCOMMIT;\nUPDATE customers SET a = 1;\n"
        )
    };
    let scripts = [
        ("dump", generate::dump(60_000)),
        ("hazards", generate::hazards(1_500)),
        ("history", together),
        ("altered", generate::altered(600)),
        ("a dump in a transaction", around(generate::dump(30_000))),
        ("hazards in a transaction", around(generate::hazards(900))),
    ];
    for (name, text) in scripts {
        let whole = analysis::run(
            project(&text),
            &Config::default(),
            None,
            &AtomicUsize::new(0),
        );
        let bytes = text.len() as u32 / 2;
        let stretches = analysis::run_in_stretches(project(&text), &Config::default(), bytes);
        assert_eq!(whole.summary.statements, stretches.summary.statements);
        let (whole, stretches) = (said(&whole), said(&stretches));
        let missing = whole.iter().filter(|w| !stretches.contains(w));
        let more = stretches.iter().filter(|s| !whole.contains(s));
        let missing = missing.map(|m| format!("- {m}"));
        let wrong: Vec<String> = missing.chain(more.map(|m| format!("+ {m}"))).collect();
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
        assert!(!whole.is_empty(), "{name}: nothing was compared");
    }
}

fn project(text: &str) -> Project {
    let file = File {
        path: "migrations/0001_all.sql".into(),
        source: Arc::new(Source::new("migrations/0001_all.sql", text)),
        named: Named::Folder,
        selected: true,
    };
    organise(vec![file], &Options::default())
}

fn said(report: &Report) -> Vec<String> {
    let findings = report.findings.iter();
    findings
        .map(|f| format!("{} {:?} {}", f.rule, f.span, f.message))
        .chain(
            report
                .migrations
                .iter()
                .map(|m| format!("{:?} {:?}", m.verdict, m.phase)),
        )
        .collect()
}
