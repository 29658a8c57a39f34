//! Adding a unique constraint builds its index under `ACCESS EXCLUSIVE`.

use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Kind};
use crate::rule::constraint::deferral;
use crate::rule::{
    Check, ColumnWork, Findings, Held, OperationContext, Rule, including, listed, sql_list,
    sql_object, until_adopted,
};

pub const RULE: Rule = Rule {
    id: "add-unique-blocking",
    page: include_str!("../../rules/add-unique-blocking.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some((target, constraint)) = cx.constraint_in_the_way(ColumnWork::Unique) else {
        return;
    };
    let table = &target.name;
    let ConstraintKind::Unique(key) = &constraint.kind else {
        return;
    };
    let name = cx.constraint_name(table, constraint);
    let index = cx.index_to_adopt(table, &name);
    let sql = sql_object(table);
    let given = match &cx.operation.action {
        Action::AddColumn { column, .. } => std::slice::from_ref(&column.name),
        _ => key.columns.as_slice(),
    };
    let new = given.iter().filter(|c| !cx.is_old_column(target, c));
    let new: Vec<String> = new.map(|column| format!("`{column}`")).collect();
    let is_same = |column: &Name| matches!(cx.held(target, column), Held::Same(_));
    let behind = match (new.is_empty(), given.iter().all(is_same)) {
        (true, _) => String::new(),
        (_, false) => format!("add {} first, without the constraint; then ", listed(&new)),
        (_, true) => format!(
            "add {} first, without the constraint and the default, and give each row a value of its own; then ",
            listed(&new)
        ),
    };
    let columns = sql_list(given.iter().map(|column| column.as_str()));
    let nulls = if key.nulls_not_distinct {
        " NULLS NOT DISTINCT"
    } else {
        ""
    };
    let help = if cx.is_partitioned(table) {
        format!(
            "create the constraint on each partition from an index that was built concurrently, then add it to {sql}, which adopts them"
        )
    } else {
        format!(
            "{behind}build the index ({}):\n  \
             CREATE UNIQUE INDEX CONCURRENTLY {index} ON {sql} ({columns}){}{nulls};\n\
             then let the constraint adopt it, in a later migration{}:\n  \
             ALTER TABLE {sql} {}ADD CONSTRAINT {name} UNIQUE USING INDEX {index}{};",
            cx.scene.without_transaction(),
            including(key),
            until_adopted(constraint),
            cx.drop_of_old(table, &name),
            deferral(constraint)
        )
    };
    findings
        .report(
            cx.operation.place,
            format!("adding a unique constraint to `{table}` builds its index while reads and writes wait"),
        )
        .help(help)
        .confidence(cx.confidence(table));
}
