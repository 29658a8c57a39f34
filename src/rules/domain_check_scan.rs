//! A domain's constraint is checked in every table that uses it.

use crate::operation::{Action, Column, DomainChange, Kind, Target};
use crate::rule::{
    Check, ColumnWork, Findings, OperationContext, Rule, listed, sql_key, who_waits,
};
use crate::schema::Domain;

pub const RULE: Rule = Rule {
    id: "domain-check-scan",
    page: include_str!("../../rules/domain-check-scan.md"),
    check: Check::Operation {
        on: &[Kind::AlterDomain, Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    match &cx.operation.action {
        Action::AlterDomain { name, change } => {
            let Some((key, mode)) = cx.blocked() else {
                return;
            };
            let (tables, checks, their) = match cx.effect.worked_under_lock().nth(1) {
                Some(_) => (
                    format!("{} and the other tables", sql_key(key)),
                    "check constraints of their own",
                    "their",
                ),
                None => (sql_key(key), "a check constraint of its own", "its"),
            };
            let help = match change {
                DomainChange::AddConstraint { .. } => format!(
                    "add it with NOT VALID, which reads no table, and give {tables} {checks} (NOT VALID, then VALIDATE): `ALTER DOMAIN … VALIDATE CONSTRAINT` blocks {their} writes"
                ),
                _ => format!(
                    "give {tables} {checks} (NOT VALID, then VALIDATE {}) instead of the domain",
                    cx.scene.afterwards()
                ),
            };
            findings
                .report(
                    cx.operation.place,
                    format!(
                        "changing domain `{name}` reads every row of `{key}` while its {} wait",
                        who_waits(mode)
                    ),
                )
                .help(help);
        }
        Action::AddColumn { table, column, .. } if cx.column_work() == Some(ColumnWork::Domain) => {
            // One statement writes the table anew once.
            let columns = added_beside(cx, table);
            if columns
                .first()
                .is_none_or(|first| first.name != column.name)
            {
                return;
            }
            let what = match &columns[..] {
                [_, _, ..] => {
                    let names: Vec<String> =
                        columns.iter().map(|c| format!("`{}`", c.name)).collect();
                    format!("{}, whose domains have constraints,", listed(&names))
                }
                _ => format!(
                    "`{}` of domain `{}`, which has a constraint,",
                    column.name, column.ty
                ),
            };
            findings
                .report(
                    cx.operation.place,
                    format!(
                        "adding {what} rewrites `{}` while reads and writes wait",
                        table.name
                    ),
                )
                .help(remedy(cx, table, &columns));
        }
        _ => {}
    }
}

/// The columns of constrained domains that the statement adds to the table.
fn added_beside<'a>(cx: &OperationContext<'a>, target: &Target) -> Vec<&'a Column> {
    let added = cx.siblings.iter().filter_map(|op| match &op.action {
        Action::AddColumn { table, column, .. } if cx.is_same(&table.name, &target.name) => {
            Some(&**column)
        }
        _ => None,
    });
    let is_checked = |column: &&Column| {
        let mut domains = cx.schema.domains_of(&column.ty);
        column.generated.is_none() && domains.any(Domain::is_constrained)
    };
    added.filter(is_checked).collect()
}

fn remedy(cx: &OperationContext<'_>, table: &Target, columns: &[&Column]) -> String {
    let lines = columns.iter();
    let lines = lines.flat_map(|column| cx.added_without_domain(table, column));
    let sql = lines.collect::<Vec<_>>().join("\n");
    match sql.contains(" NOT VALID;") {
        true => format!(
            "let a check of its own ask for what the domain does; validate it {}:\n{sql}",
            cx.scene.afterwards()
        ),
        false => format!("let the column itself ask for what the domain does:\n{sql}"),
    }
}
