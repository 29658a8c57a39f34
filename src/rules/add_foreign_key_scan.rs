//! Adding a foreign key checks every row while writes to both tables wait.

use crate::operation::{Action, Constraint, ConstraintKind, Expr, ForeignKey, Kind, ObjectName};
use crate::rule::{
    Check, ColumnWork, Findings, OperationContext, Rule, constraint as written, on_one_line,
    sql_name, sql_object,
};

pub const RULE: Rule = Rule {
    id: "add-foreign-key-scan",
    page: include_str!("../../rules/add-foreign-key-scan.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some((target, constraint)) = cx.constraint_in_the_way(ColumnWork::ForeignKey) else {
        return;
    };
    let table = &target.name;
    let ConstraintKind::ForeignKey(key) = &constraint.kind else {
        return;
    };
    let stands = kept(cx, table, constraint, key).is_some();
    let fix = (!is_refused(cx, table) && !stands).then(|| cx.not_valid(target, constraint));
    findings
        .report(
            cx.operation.place,
            format!(
                "adding a foreign key from `{table}` to `{}` checks every row while {} wait",
                key.references,
                who_waits(cx, table, &key.references)
            ),
        )
        .help(remedy(cx, table, constraint, key))
        .confidence(cx.confidence(table))
        .fix(fix.flatten());
}

/// An ALTER TABLE holds the strongest lock of all that it does; that of a
/// foreign key which goes is on both of its tables.
fn who_waits(cx: &OperationContext<'_>, table: &ObjectName, other: &ObjectName) -> String {
    let mut drops = cx.siblings.iter().filter_map(|op| match &op.action {
        Action::DropConstraint { table, name, .. } if !op.within.block => {
            Some(cx.table(&table.name).and_then(|t| t.constraint(&name.name)))
        }
        _ => None,
    });
    let adds_column = matches!(cx.operation.action, Action::AddColumn { .. });
    let drops_any = drops.clone().next().is_some();
    let to_other = Some(cx.schema.resolve(other));
    // What is not known may have been a key to it.
    let drops_key = drops.any(|old| old.is_none_or(|old| old.references == to_other));
    let is_closed = |table| cx.closed_since(table).is_some();
    let own = adds_column || drops_any || is_closed(table);
    let referenced = drops_key || is_closed(other);
    // Nobody else knows a new one.
    if cx.is_new(other) && !cx.is_same(other, table) {
        return match own {
            true => format!("reads and writes of `{table}`"),
            false => format!("writes to `{table}`"),
        };
    }
    let both = match (own, referenced) {
        (true, true) => "reads and writes of both",
        (true, false) => "reads and writes of the one and writes to the other",
        (false, true) => "writes to the one and reads and writes of the other",
        (false, false) => "writes to both",
    };
    both.to_owned()
}

/// `NOT VALID` on a partitioned table.
fn is_refused(cx: &OperationContext<'_>, table: &ObjectName) -> bool {
    cx.is_partitioned(table) && cx.scene.dialect.version < 18
}

fn remedy(
    cx: &OperationContext<'_>,
    table: &ObjectName,
    constraint: &Constraint,
    key: &ForeignKey,
) -> String {
    let name = cx.constraint_name(table, constraint);
    let sql = sql_object(table);
    if is_refused(cx, table) {
        return format!(
            "PostgreSQL {} takes no NOT VALID foreign key on a partitioned table: add and validate it on each partition first; the one on {sql} then adopts them without reading rows",
            cx.scene.dialect.version
        );
    }
    // What a block builds has no text of its own in the file.
    let definition = if constraint.inline || cx.operation.within.block {
        let referenced = sql_object(&key.references);
        let own = written::foreign_key(key, &key.columns, &referenced, &key.referenced);
        format!("{own}{}", written::deferral(constraint))
    } else {
        definition(cx.text(constraint.span))
    };
    let behind = match &cx.operation.action {
        Action::AddColumn { column, .. } if column.default.as_ref().is_some_and(Expr::is_null) => {
            return "leave out DEFAULT NULL: without a default no row is looked at".to_owned();
        }
        Action::AddColumn { column, .. } => {
            format!("add `{}` without REFERENCES first; then ", column.name)
        }
        _ => cx.after_new_columns(key.columns.iter().copied()).to_owned(),
    };
    if let [column] = &*key.columns
        && cx.is_new_column(table, column)
        && cx
            .table(table)
            .and_then(|t| t.column(column))
            .is_some_and(|c| c.default.is_none())
        && !cx.has_given_values(table, column)
        && !constraint.inline
    {
        let referenced = sql_object(&key.references);
        let to = written::references(key, &referenced, &key.referenced);
        return format!(
            "write it where the column is added, without a default: no row has a value then, and none is looked at:\n  \
             ALTER TABLE {sql} ADD COLUMN {} … CONSTRAINT {name} {to}{};\n\
             or add it NOT VALID, and check the rows {}",
            sql_name(column),
            written::deferral(constraint),
            cx.scene.afterwards()
        );
    }
    let drop = cx.drop_beside(&name);
    if let Some(change) = kept(cx, table, constraint, key) {
        return change;
    }
    format!(
        "{behind}add it without looking at the rows:\n  \
         ALTER TABLE {sql} {drop}ADD CONSTRAINT {name} {definition} NOT VALID;\n\
         and check them {}, while writes go on:\n  \
         ALTER TABLE {sql} VALIDATE CONSTRAINT {};",
        cx.scene.afterwards(),
        cx.kept_name(table, &name)
    )
}

/// The constraint's text from `FOREIGN KEY` on.
fn definition(text: &str) -> String {
    let line = on_one_line(text);
    let at = line.to_ascii_uppercase().find("FOREIGN KEY");
    line[at.unwrap_or(0)..].to_owned()
}

/// What makes the key of the one that stands, where only its name or when it is
/// checked is another.
fn kept(
    cx: &OperationContext<'_>,
    table: &ObjectName,
    constraint: &Constraint,
    key: &ForeignKey,
) -> Option<String> {
    let old = cx.same_reference(table, constraint, key)?;
    let (own, sql) = (&old.definition, sql_object(table));
    let (was, name) = (sql_name(&old.name), cx.constraint_name(table, constraint));
    let (mut but, mut statements) = (Vec::new(), String::new());
    if was != name {
        but.push("its name");
        statements += &format!("\n  ALTER TABLE {sql} RENAME CONSTRAINT {was} TO {name};");
    }
    if (own.deferrable, own.deferred) != (constraint.deferrable, constraint.deferred) {
        but.push("when it is checked");
        let when = match (constraint.deferrable, constraint.deferred) {
            (_, true) => "DEFERRABLE INITIALLY DEFERRED",
            (true, false) => "DEFERRABLE INITIALLY IMMEDIATE",
            (false, false) => "NOT DEFERRABLE",
        };
        statements += &format!("\n  ALTER TABLE {sql} ALTER CONSTRAINT {name} {when};");
    }
    (!but.is_empty()).then(|| {
        format!(
            "keep the key that stands, which is the same but for {}, and read no rows:{statements}",
            but.join(" and ")
        )
    })
}
