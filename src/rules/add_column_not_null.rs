//! A required column appears that the old release does not write.

use crate::operation::{Action, Column, Constraint, ConstraintKind, Kind, Target};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, collation_name, constraint as written,
    including, listed, object_name, on_one_line, proven_not_null, sql_ident, sql_list, sql_name,
    sql_object, sql_type,
};
use crate::schema::TableConstraint;
use smol_str::SmolStr;

pub const RULE: Rule = Rule {
    id: "add-column-not-null",
    page: include_str!("../../rules/add-column-not-null.md"),
    check: Check::Operation {
        on: &[Kind::AddColumn, Kind::Rename, Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddColumn {
        table,
        if_not_exists,
        column,
        constraints,
    } = &cx.operation.action
    else {
        return exchanged(cx, findings);
    };
    let there = cx
        .table(&table.name)
        .is_some_and(|t| t.column(&column.name).is_some());
    let is_there = !cx.is_absent(&table.name, table.if_exists) && !cx.is_new(&table.name);
    if !is_there || *if_not_exists && there {
        return;
    }
    let key = constraints
        .iter()
        .any(|c| matches!(c.kind, ConstraintKind::PrimaryKey(_)));
    if !cx.must_be_written(column, constraints) {
        return;
    }
    // Its name is taken until the old one goes, which is later.
    let replaces = cx.replaces_dropped(table, &column.name);
    let own = match replaces {
        true => format!("{}_new", column.name),
        false => column.name.to_string(),
    };
    let (name, col) = (sql_object(&table.name), sql_name(&own));
    let (advice, after) = match replaces {
        true => (
            format!(
                "Leave `{}` as it is, add the new column under another name",
                column.name
            ),
            format!(
                "{left_out}\n-- release code that uses only {col}; then, in a migration declared contract:\n\
                 ALTER TABLE {name} DROP COLUMN {old};",
                old = sql_name(&column.name),
                left_out = left_out(cx, table, &column.name),
            ),
        ),
        false => (
            "Give it a default, or add it nullable".to_owned(),
            String::new(),
        ),
    };
    let what = if key { "PRIMARY KEY" } else { "NOT NULL" };
    let is_filled = cx.is_filled(&table.name, &column.name, "insert");
    let fails = match (cx.is_emptied(&table.name), is_filled) {
        (true, true) => return,
        (true, false) => "INSERTs of the old release fail afterwards",
        (false, true) => "it fails if the table has rows",
        (false, false) => {
            "it fails if the table has rows, and INSERTs of the old release fail afterwards"
        }
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "adds column `{}` to `{}` as {what} without a default: {fails}",
                column.name, table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "{advice} and require it once every release writes it:\n\
             ALTER TABLE {name} ADD COLUMN {col} {}{};\n\
             -- release code that writes {col}, fill the rows in batches; then, {}:\n\
             {}{}{after}",
            sql_type(&column.ty),
            beside(column, constraints, replaces),
            cx.scene.each_apart(),
            proven_not_null(&table.name, &own),
            match replaces {
                true => String::new(),
                false => rules_behind(cx, table, column, constraints),
            },
        ));
}

/// What may stand beside the type at once: of a column without values, no reference
/// is looked up.
fn beside(column: &Column, constraints: &[Constraint], replaces: bool) -> String {
    let collation = column.collation.as_ref();
    let mut text = collation.map_or_else(String::new, |collation| {
        format!(" COLLATE {}", collation_name(collation))
    });
    for constraint in constraints {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else {
            continue;
        };
        // The old column has the name until it goes.
        if let Some(name) = constraint.name.as_ref().filter(|_| !replaces) {
            text += &format!(" CONSTRAINT {}", sql_ident(name));
        }
        let to = sql_object(&key.references);
        text += &format!(" {}", written::references(key, &to, &key.referenced));
        text += written::deferral(constraint);
    }
    text
}

/// The checks and keys of the column, and the keys that the script puts over it, each
/// without work under a lock.
fn rules_behind(
    cx: &OperationContext<'_>,
    table: &Target,
    column: &Column,
    own: &[Constraint],
) -> String {
    let later = cx.later_on(Facet::Table, &table.name.name);
    let later = later.filter_map(|op| match &op.action {
        Action::AddConstraint {
            table: t,
            constraint,
        } if cx.is_same(&t.name, &table.name) => Some(constraint),
        _ => None,
    });
    let steps: String = own
        .iter()
        .chain(later)
        .filter_map(|constraint| step(cx, table, column, constraint))
        .collect();
    match steps.is_empty() {
        true => steps,
        false => format!(
            "\nand what is to hold for it{}:{steps}",
            match steps.contains("CONCURRENTLY") {
                true => ", the index outside of a transaction",
                false => "",
            }
        ),
    }
}

fn step(
    cx: &OperationContext<'_>,
    table: &Target,
    column: &Column,
    constraint: &Constraint,
) -> Option<String> {
    let name = cx.constraint_name(&table.name, constraint);
    let sql = sql_object(&table.name);
    let (kind, key) = match &constraint.kind {
        ConstraintKind::Check(check) if constraint.inline => {
            let check = on_one_line(&check.text);
            return Some(format!(
                "\n  ALTER TABLE {sql} ADD CONSTRAINT {name} CHECK ({check}) NOT VALID;\n  \
                 ALTER TABLE {sql} VALIDATE CONSTRAINT {name};"
            ));
        }
        ConstraintKind::Unique(key) => ("UNIQUE", key),
        ConstraintKind::PrimaryKey(key) => ("PRIMARY KEY", key),
        _ => return None,
    };
    let columns = match constraint.inline {
        true => std::slice::from_ref(&column.name),
        false => key.columns.as_slice(),
    };
    if !columns.contains(&column.name) {
        return None;
    }
    let nulls = match key.nulls_not_distinct {
        true => " NULLS NOT DISTINCT",
        false => "",
    };
    if cx.is_partitioned(&table.name) {
        return None;
    }
    let old = replaced_key(cx, table, kind, &name);
    // The old key has the name until it goes.
    let index = match old.as_ref() == Some(&name) {
        true => sql_name(&object_name(name.trim_matches('"'), "", "new")),
        false => name.clone(),
    };
    let drop = old.map_or_else(String::new, |old| format!("DROP CONSTRAINT {old}, "));
    Some(format!(
        "\n  CREATE UNIQUE INDEX CONCURRENTLY {index} ON {sql} ({}){}{nulls};\n  \
         ALTER TABLE {sql} {drop}ADD CONSTRAINT {name} {kind} USING INDEX {index}{};",
        sql_list(columns.iter().map(|column| column.as_str())),
        including(key),
        written::deferral(constraint)
    ))
}

/// The key that stands, or stood, where this one is to be: the primary key, or one of
/// its name.
fn replaced_key(
    cx: &OperationContext<'_>,
    table: &Target,
    kind: &str,
    name: &str,
) -> Option<SmolStr> {
    let gone = cx.gone_constraints(&table.name).into_iter();
    let now = cx.table(&table.name).into_iter();
    let now = now.flat_map(|table| &table.constraints).map(|c| &**c);
    let mut known = now.chain(gone);
    let is_primary = |c: &TableConstraint| {
        kind == "PRIMARY KEY" && matches!(c.definition.kind, ConstraintKind::PrimaryKey(_))
    };
    let old = known.find(|c| is_primary(c) || sql_name(&c.name) == name)?;
    Some(sql_name(&old.name))
}

/// How the old column comes to be left out. One of a primary key cannot be.
fn left_out(cx: &OperationContext<'_>, table: &Target, column: &str) -> String {
    let gone = cx.gone_constraints(&table.name).into_iter();
    let now = cx.table(&table.name).into_iter();
    let now = now.flat_map(|table| &table.constraints).map(|c| &**c);
    let mut keys = now
        .chain(gone)
        .filter(|c| matches!(c.definition.kind, ConstraintKind::PrimaryKey(_)));
    let old = sql_name(column);
    match keys.any(|key| key.columns.iter().any(|own| own == column)) {
        true => format!("\n-- give the primary key other columns than {old}"),
        false => format!(
            "\n-- let {old} be left out, if it has to be given:\n\
             ALTER TABLE {} ALTER COLUMN {old} DROP NOT NULL;",
            sql_object(&table.name)
        ),
    }
}

/// A table takes the place of another, and has columns that rows have to be given.
fn exchanged(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(exchange) = { cx.exchange() }.filter(|exchange| !exchange.required.is_empty()) else {
        return;
    };
    let name = exchange.name;
    let required: Vec<String> = { exchange.required.iter() }
        .map(|column| format!("`{column}`"))
        .collect();
    findings
        .report(
            cx.operation.place,
            format!(
                "puts a table in the place of `{name}` that requires {}: INSERTs of the old release, which leave that out, fail",
                listed(&required)
            ),
        )
        .confidence(cx.confidence(name))
        .help("Give it a default in the new table, or let it be NULL until every release writes it");
}
