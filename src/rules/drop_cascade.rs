//! CASCADE removes what the file does not name.

use crate::name::Name;
use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Dependent, Findings, OperationContext, Rule, listed};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "drop-cascade",
    page: include_str!("../../rules/drop-cascade.md"),
    check: Check::Operation {
        on: &[Kind::Drop, Kind::DropColumn, Kind::DropConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some((what, dependents)) = cascading(cx) else {
        return;
    };
    let names: Vec<String> = dependents.iter().map(|d| d.what.clone()).collect();
    if names.is_empty() {
        return;
    }
    let mut draft = findings.report(
        cx.operation.place,
        format!("CASCADE drops {} together with {what}", listed(&names)),
    );
    for dependent in dependents
        .iter()
        .filter_map(|d| Some((d.at?, &d.what)))
        .take(5)
    {
        draft = draft.related(dependent.0, format!("{} is created here", dependent.1));
    }
    draft.help(format!(
        "Write RESTRICT (the default) instead of CASCADE, and drop or change by name what depends on {what}: {}.",
        listed(&names)
    ));
}

fn cascading(cx: &OperationContext<'_>) -> Option<(String, Vec<Dependent>)> {
    match &cx.operation.action {
        Action::DropColumn {
            table,
            column,
            cascade: true,
            ..
        } if !cx.is_new(&table.name) => Some((
            format!("column `{}.{}`", table.name, column.name),
            [
                cx.not_made_again(cx.dependents_of_column(table, &column.name)),
                cx.atomic_routines_that_go(&table.name, Some(&column.name)),
            ]
            .concat(),
        )),
        Action::DropConstraint {
            table,
            name,
            cascade: true,
            ..
        } if !cx.is_new(&table.name) => {
            let known = cx.table(&table.name)?;
            let columns = &known.constraint(&name.name)?.columns;
            Some((
                format!("constraint `{}`", name.name),
                cx.dependents_of_key(known, columns),
            ))
        }
        Action::Drop {
            kind,
            name,
            cascade: true,
            ..
        } => Some((
            format!("{} `{name}`", kind.word()),
            cx.not_made_again(dropped_with(cx, *kind, name)),
        )),
        _ => None,
    }
}

fn dropped_with(cx: &OperationContext<'_>, kind: ObjectKind, name: &ObjectName) -> Vec<Dependent> {
    match kind {
        _ if kind.is_relation() && !cx.is_new(name) => [
            cx.dependents_of_relation(&cx.schema.resolve(name)),
            cx.atomic_routines_that_go(name, None),
        ]
        .concat(),
        ObjectKind::Type | ObjectKind::Domain => {
            let key = cx.type_key(name);
            let defaults = defaults(cx, cx.schema.defaults_of_type(&key));
            named([cx.columns_of_type(&key), defaults].concat())
        }
        ObjectKind::Sequence => named(defaults(cx, cx.columns_fed_by(name))),
        _ if kind.is_routine() => named(callers_of(cx, name)),
        _ => Vec::new(),
    }
}

fn named(list: Vec<String>) -> Vec<Dependent> {
    list.into_iter()
        .map(|what| Dependent {
            what,
            at: None,
            relation: None,
        })
        .collect()
}

/// Those of columns that stay, and get no other.
fn defaults(cx: &OperationContext<'_>, of: Vec<(Key, Name)>) -> Vec<String> {
    of.into_iter()
        .filter(|(table, column)| !cx.is_new_key(table) && !cx.default_returns_to(table, column))
        .map(|(table, column)| format!("the default of `{table}.{column}`"))
        .collect()
}

fn callers_of(cx: &OperationContext<'_>, function: &ObjectName) -> Vec<String> {
    let key = cx.schema.resolve_routine(function);
    let tables = cx.schema.tables_with(&key.name).into_iter();
    let mut found: Vec<String> = tables
        .filter(|table| !cx.is_new_key(&table.key))
        .flat_map(|table| {
            let callers = cx.schema.callers_in(table, &key);
            callers.map(|caller| caller.of(&table.key))
        })
        .collect();
    let views = cx.schema.views_that_call(&key).into_iter();
    found.extend(views.map(|view| format!("view `{}`", view.key)));
    found.sort_unstable();
    found
}
