//! How far an operation can be taken back, without writing how.

use super::Kind;
use super::column::back;
use super::index::{stays_unique, unique_index};
use crate::effect::Effect;
use crate::operation::{
    Action, CompositeChange, DomainChange, Grant, Ident, Insert, ObjectKind, ObjectName, Operation,
    TypeDefinition, Update,
};
use crate::schema::{Origin, Relation, Schema, SettingName, is_bookkeeping, is_kept, pairs};

/// Of one operation, given the schema before it.
pub fn kind(operation: &Operation, schema: &Schema, effect: &Effect) -> Kind {
    let known = |yes: bool| if yes { Kind::Exact } else { Kind::Impossible };
    match &operation.action {
        Action::Drop { .. } => dropped(operation, schema),
        Action::DropColumn { table, column, .. } => match schema.table(&table.name) {
            Some(t) => match t.column(&column.name) {
                Some(c) if c.generated.is_some() => Kind::Exact,
                Some(_) => Kind::Lossy,
                None => known(t.is_known()),
            },
            None => Kind::Impossible,
        },
        Action::AlterColumnType {
            table,
            column,
            ty,
            using,
            ..
        } => match schema
            .table(&table.name)
            .and_then(|t| Some((t.column(&column.name), t.type_of(&column.name)?)))
        {
            None => Kind::Impossible,
            Some((Some(old), _)) if old.generated.is_some() || effect.rowless => Kind::Exact,
            Some((_, (old, _))) => {
                let using = using.as_ref().map(|u| &*u.text);
                let back = back(old, ty, using, &column.name);
                match (back.loses, back.fails) {
                    (Some(_), _) => Kind::Lossy,
                    (None, true) => Kind::Conditional,
                    (None, false) => Kind::Exact,
                }
            }
        },
        Action::Update(update) if is_bookkeeping(&update.table.name) => Kind::Exact,
        Action::Delete(delete) if is_bookkeeping(&delete.table.name) => Kind::Exact,
        Action::Update(update) if overwrites_nothing(update, schema) => Kind::Exact,
        Action::Insert(insert) if overwrites(insert, schema) => Kind::Lossy,
        Action::Truncate { .. } | Action::Delete(_) | Action::Update(_) | Action::Merge(_) => {
            Kind::Lossy
        }
        Action::DropConstraint {
            table,
            name,
            if_exists,
            ..
        } => match schema.table(&table.name) {
            Some(t) => match t.constraint(&name.name) {
                Some(c) if unique_index(c, schema).is_some_and(|i| stays_unique(i, schema)) => {
                    Kind::Exact
                }
                // It goes back only while no row has used the freedom.
                Some(c) if c.validated => Kind::Conditional,
                Some(_) => Kind::Exact,
                None => known(t.is_known() && *if_exists),
            },
            None => Kind::Impossible,
        },
        Action::DropNotNull { table, column } => {
            let column = schema
                .table(&table.name)
                .and_then(|t| t.column(&column.name));
            match column {
                Some(c) if !c.not_null => Kind::Exact,
                _ => Kind::Conditional,
            }
        }
        Action::AttachPartition { .. } => Kind::Exact,
        Action::DetachPartition {
            table, partition, ..
        } => {
            let of = schema.table(partition).and_then(|t| t.partition.as_ref());
            match of.is_some_and(|of| of.of == schema.resolve(&table.name)) {
                true => Kind::Conditional,
                false => Kind::Impossible,
            }
        }
        Action::AddEnumValue {
            name,
            value,
            if_not_exists,
            ..
        } => match schema.enum_or_type(&schema.setting_key(ObjectKind::Type, name, None)) {
            Some(entry) => match &entry.definition {
                TypeDefinition::Enum(values) if values.contains(value) && *if_not_exists => {
                    Kind::Exact
                }
                _ => Kind::Conditional,
            },
            None => Kind::Impossible,
        },
        Action::AlterComposite { name, change, .. } => match change {
            CompositeChange::Rename(..) => Kind::Exact,
            // The server refuses while a column is of the type.
            _ => known(type_is_known(name, schema)),
        },
        Action::AlterDomain { name, change } => domain(name, change, schema),
        Action::DropDefault { table, column } | Action::SetDefault { table, column, .. } => known(
            schema
                .table(&table.name)
                .is_some_and(|t| t.column(&column.name).is_some()),
        ),
        Action::DropIdentity { table, column, .. } => {
            let column = schema
                .table(&table.name)
                .and_then(|t| t.column(&column.name));
            match column {
                Some(c) if c.identity.is_some() => Kind::Lossy,
                Some(_) => Kind::Exact,
                None => Kind::Impossible,
            }
        }
        Action::SetIdentity {
            table,
            column,
            sequence,
            ..
        } => {
            let column = schema
                .table(&table.name)
                .and_then(|t| t.column(&column.name));
            match column {
                None => Kind::Impossible,
                Some(_) if sequence.iter().any(|(name, _)| *name == "restart") => Kind::Lossy,
                Some(_) => Kind::Exact,
            }
        }
        Action::DropExpression { table, column, .. } => {
            let column = schema
                .table(&table.name)
                .and_then(|t| t.column(&column.name));
            match column {
                Some(_) => Kind::Exact,
                None => Kind::Impossible,
            }
        }
        Action::SetExpression { table, column, .. } => known(
            schema
                .table(&table.name)
                .and_then(|t| t.column(&column.name))
                .is_some_and(|c| c.generated.is_some()),
        ),
        Action::AlterConstraint { table, name, .. } => known(
            schema
                .table(&table.name)
                .is_some_and(|t| t.constraint(&name.name).is_some()),
        ),
        Action::CreateView(view) => match schema.view(&view.name) {
            Some(known) if view.or_replace && known.stale => Kind::Impossible,
            Some(_) => Kind::Exact,
            None => {
                known(!view.or_replace || schema.is_complete_in(&schema.resolve(&view.name).schema))
            }
        },
        Action::CreateRoutine(routine) => {
            let key = schema.resolve_routine(&routine.name);
            let mut before = schema.routines(&key).iter();
            match before.find(|r| r.takes(&routine.arguments)) {
                Some(old) => known(!routine.or_replace || !old.is_altered()),
                None => known(!routine.or_replace || schema.makes_routines(&key)),
            }
        }
        Action::AlterSequence {
            name,
            owned_by,
            restart,
            options,
            ..
        } => match schema.relation(name) {
            _ if *restart => Kind::Lossy,
            Some(Relation::Sequence(_)) => Kind::Exact,
            _ => known(owned_by.is_none() && options.is_empty()),
        },
        Action::AlterPolicy { name, table, .. } => known(
            schema
                .table(table)
                .is_some_and(|t| t.policies.iter().any(|p| p.name == name.name)),
        ),
        Action::CreateRule {
            name,
            table,
            or_replace,
            ..
        } => known(
            !or_replace
                || schema
                    .table(table)
                    .is_some_and(|t| t.is_known() || t.rules.iter().any(|r| r.name == name.name)),
        ),
        Action::CreateTrigger(create) => known(
            !create.or_replace
                || schema.table(&create.table).is_some_and(|t| {
                    t.is_known() || t.triggers.iter().any(|x| x.name == create.name.name)
                }),
        ),
        Action::Grant(grant) if grant.revoke => revoked(grant, schema),
        Action::SetOwner { kind, name, .. } => {
            known(setting_is_known(*kind, name, &SettingName::Owner, schema))
        }
        Action::SetTablespace { kind, name, .. } => known(setting_is_known(
            *kind,
            name,
            &SettingName::Tablespace,
            schema,
        )),
        Action::SetAccessMethod { table, .. } => known(setting_is_known(
            ObjectKind::Table,
            &table.name,
            &SettingName::AccessMethod,
            schema,
        )),
        Action::SetParameters {
            kind,
            name,
            parameters,
            ..
        } => known(parameters.iter().all(|parameter| {
            setting_is_known(*kind, name, &SettingName::Parameter(*parameter), schema)
        })),
        Action::AlterRoutine { name, .. } => {
            let routines = schema.routines(&schema.resolve_routine(name));
            known(!routines.is_empty() && routines.iter().all(|r| !r.is_altered()))
        }
        Action::AlterOther { .. } => Kind::Impossible,
        Action::AlterPublication { change, .. } => {
            let verb = change.split_whitespace().next().unwrap_or("");
            known(verb.eq_ignore_ascii_case("add") || verb.eq_ignore_ascii_case("drop"))
        }
        Action::ServerCommand { command } => known(command.starts_with("CREATE")),
        Action::Opaque { .. } | Action::Unparsed { .. } => Kind::Lossy,
        _ if !effect.losses.is_empty() => Kind::Lossy,
        _ => Kind::Exact,
    }
}

/// Why it is impossible, as a sentence without full stop.
pub fn why(operation: &Operation) -> String {
    let unknown = |what: &str, name: &dyn std::fmt::Display| {
        format!("no migration shows {what} `{name}` as it was before")
    };
    match &operation.action {
        Action::Drop { kind, name, .. } => unknown(kind.word(), name),
        Action::DropColumn { table, column, .. }
        | Action::AlterColumnType { table, column, .. }
        | Action::SetDefault { table, column, .. }
        | Action::DropDefault { table, column } => {
            let name = format!("{}.{}", table.name, column.name);
            unknown("column", &name)
        }
        Action::DropConstraint { table, name, .. } => {
            let name = format!("{}` of `{}", name.name, table.name);
            unknown("constraint", &name)
        }
        Action::CreateView(view) => unknown("view", &view.name),
        Action::CreateRoutine(routine) => unknown("routine", &routine.name),
        Action::CreateTrigger(create) => unknown("trigger", &create.name.name),
        Action::CreateRule { name, .. } => unknown("rule", &name.name),
        Action::AddEnumValue { name, .. } | Action::AlterComposite { name, .. } => {
            unknown("type", name)
        }
        Action::SetOwner { name, .. } => {
            format!("no migration shows who owned `{name}` before")
        }
        Action::ServerCommand { command } => format!("`{command}` has no inverse"),
        action => {
            let what = action.name().replace('_', " ");
            format!("no migration shows what was there before ({what})")
        }
    }
}

/// Nothing is overwritten where every column that is set was added by this
/// migration, or held NULL.
fn overwrites_nothing(update: &Update, schema: &Schema) -> bool {
    let table = schema.table(&update.table);
    let added = |c: &Ident| table.is_some_and(|t| t.column_is_new_in(&c.name, schema.migration()));
    !update.columns.is_empty()
        && update
            .columns
            .iter()
            .all(|c| added(c) || update.fills_null(c))
}

/// Values of older columns are written over where rows are there already.
fn overwrites(insert: &Insert, schema: &Schema) -> bool {
    let table = schema.table(&insert.table);
    let added = |c: &str| table.is_some_and(|t| t.column_is_new_in(c, schema.migration()));
    let columns = insert.conflict.iter().flat_map(|c| &c.overwritten);
    !table.is_some_and(|t| t.is_new_in(schema.migration()))
        && columns.into_iter().any(|c| !added(c))
}

fn dropped(operation: &Operation, schema: &Schema) -> Kind {
    let Action::Drop {
        kind,
        name,
        on,
        if_exists,
        cascade,
        ..
    } = &operation.action
    else {
        return Kind::Exact;
    };
    let home = schema.resolve(name);
    // What a branch drops may not be there either.
    let may_miss = *if_exists || operation.within.conditional;
    let missing = || match may_miss {
        // Whether there was something, nobody can tell.
        true if schema.is_complete_in(&home.schema) => Kind::Exact,
        true => Kind::Lossy,
        false => Kind::Impossible,
    };
    match kind {
        // What the migration itself has made was not there before.
        kind if kind.is_relation() && schema.is_own(&home) => Kind::Exact,
        ObjectKind::Table | ObjectKind::ForeignTable => match schema.relation(name) {
            // What a query made can be made again by it.
            Some(Relation::Table(table)) if table.is_known() || table.made_by.is_some() => {
                Kind::Lossy
            }
            Some(_) => Kind::Impossible,
            None => missing(),
        },
        ObjectKind::View | ObjectKind::MaterializedView => match schema.relation(name) {
            Some(Relation::View(view)) if !view.stale => Kind::Exact,
            Some(_) => Kind::Impossible,
            None => missing(),
        },
        ObjectKind::Index => match schema.relation(name) {
            Some(Relation::Index(index)) if index.origin == Origin::Assumed => Kind::Impossible,
            Some(Relation::Index(index)) if index.unique && !stays_unique(index, schema) => {
                Kind::Conditional
            }
            Some(_) => Kind::Exact,
            None => missing(),
        },
        ObjectKind::Sequence => match schema.relation(name) {
            Some(_) => Kind::Lossy,
            None => missing(),
        },
        ObjectKind::Type | ObjectKind::Domain => match type_is_known(name, schema) {
            true if *cascade => Kind::Lossy,
            true => Kind::Exact,
            false => missing(),
        },
        kind if kind.is_routine() => {
            let routines = schema.routines(&schema.resolve_routine(name));
            match routines.iter().all(|r| !r.is_altered()) {
                _ if schema.knows_other(*kind, name) => Kind::Exact,
                _ if routines.is_empty() => missing(),
                true => Kind::Exact,
                false => Kind::Impossible,
            }
        }
        ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => {
            let table = on.as_ref().and_then(|on| schema.table(on));
            let found = table.is_some_and(|t| match kind {
                ObjectKind::Trigger => t.triggers.iter().any(|x| x.name == name.name),
                ObjectKind::Policy => t.policies.iter().any(|x| x.name == name.name),
                _ => t.rules.iter().any(|x| x.name == name.name),
            });
            match found {
                true => Kind::Exact,
                false => missing(),
            }
        }
        ObjectKind::Schema => match schema.namespace(&name.name) {
            _ if *cascade => Kind::Lossy,
            Some(_) => Kind::Exact,
            None => missing(),
        },
        ObjectKind::Database => Kind::Lossy,
        ObjectKind::Extension => match schema.has_extension(&name.name) {
            true if *cascade => Kind::Lossy,
            true => Kind::Exact,
            false => missing(),
        },
        kind => match schema.knows_other(*kind, name) {
            true => Kind::Exact,
            false => missing(),
        },
    }
}

fn type_is_known(name: &ObjectName, schema: &Schema) -> bool {
    let key = schema.setting_key(ObjectKind::Type, name, None);
    schema.enum_or_type(&key).is_some() || schema.domain(&key).is_some()
}

fn domain(name: &ObjectName, change: &DomainChange, schema: &Schema) -> Kind {
    let key = schema.setting_key(ObjectKind::Domain, name, None);
    let Some(domain) = schema.domain(&key) else {
        return match change {
            DomainChange::SetNotNull | DomainChange::AddConstraint { name: Some(_), .. } => {
                Kind::Exact
            }
            DomainChange::RenameConstraint(..) => Kind::Exact,
            _ => Kind::Impossible,
        };
    };
    match change {
        DomainChange::DropNotNull if domain.not_null => Kind::Conditional,
        DomainChange::DropConstraint { name, .. } => {
            match domain.checks.iter().find(|c| c.name == name.name) {
                Some(check) if check.validated => Kind::Conditional,
                Some(_) => Kind::Exact,
                None => Kind::Impossible,
            }
        }
        _ => Kind::Exact,
    }
}

/// A privilege that the history granted can be granted again.
fn revoked(grant: &Grant, schema: &Schema) -> Kind {
    let known = is_kept(grant)
        && grant.objects.iter().all(|object| {
            let key = schema.setting_key(grant.on, object, None);
            pairs(grant).all(|(privilege, grantee)| {
                let name = SettingName::Grant { privilege, grantee };
                schema.setting(&key, grant.on, "", &name).is_some()
            })
        });
    if known { Kind::Exact } else { Kind::Lossy }
}

/// It was set by the history, or the history created the object, so that the
/// usual holds.
fn setting_is_known(
    kind: ObjectKind,
    name: &ObjectName,
    setting: &SettingName,
    schema: &Schema,
) -> bool {
    let key = schema.setting_key(kind, name, None);
    schema.setting(&key, kind, "", setting).is_some()
        || match kind {
            ObjectKind::Type | ObjectKind::Domain => type_is_known(name, schema),
            ObjectKind::Schema => schema.namespace(&name.name).is_some(),
            kind if kind.is_routine() => !schema.routines(&key).is_empty(),
            kind => {
                schema
                    .relation_by_key(&key)
                    .is_some_and(|r| matches!(r.origin(), Origin::Created { .. }))
                    || schema.knows_other(kind, name)
            }
        }
}
