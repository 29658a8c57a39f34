//! Downs of earlier migrations that a later one breaks: a rollback goes from
//! the newest back, and what a down leaves undone is not there for those that
//! come after it.

use rustc_hash::FxHashMap;

use super::{Fold, Planned, ReadMigration, is_unread};
use crate::finding::Related;
use crate::name::Name;
use crate::operation::{Action, ObjectKind, Operation};
use crate::project::Migration;
use crate::rule::subject;
use crate::schema::{Key, Mark, Place, Relation, Schema, Table, column_of, moved};
use crate::source::Span;

/// What a down needs to be there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Need {
    Relation(Key),
    Column(Key, Name),
    Constraint(Key, Name),
    /// A view, the last, does not read a column.
    Unread(Key, Name, Key),
}

/// The down that needs it.
#[derive(Clone, Debug)]
struct Needy {
    id: String,
    at: Place,
}

/// What the downs so far need; of several the latest, which runs first.
#[derive(Default)]
pub(super) struct EarlierDowns {
    needs: FxHashMap<Need, Needy>,
}

impl EarlierDowns {
    /// Remembers what a down needs of the schema that it begins at.
    pub(super) fn remember(
        &mut self,
        migration: &Migration,
        down: &[Planned<'_>],
        schema: &Schema,
    ) {
        if down.iter().any(is_dark) {
            return;
        }
        let drops_views = down.iter().any(|p| drops_view(&p.operation.action));
        for planned in down {
            let mut needs = needs(planned.operation, schema);
            if !drops_views {
                needs.extend(unread_columns(planned.operation, schema));
            }
            for need in needs {
                let at = Place {
                    source: planned.source,
                    span: planned.operation.place,
                };
                let id = migration.id.clone();
                self.needs.insert(need, Needy { id, at });
            }
        }
    }
}

/// What it does may depend on what it finds, or cannot be read.
fn is_dark(planned: &Planned<'_>) -> bool {
    planned.operation.within.block || is_unread(&planned.operation.action)
}

fn drops_view(action: &Action) -> bool {
    let Action::Drop { kind, .. } = action else {
        return false;
    };
    matches!(kind, ObjectKind::View | ObjectKind::MaterializedView)
}

/// A column that is dropped must not be read by the views that are there.
fn unread_columns(operation: &Operation, schema: &Schema) -> Vec<Need> {
    let Action::DropColumn {
        table,
        column,
        cascade: false,
        ..
    } = &operation.action
    else {
        return Vec::new();
    };
    let key = schema.resolve(&table.name);
    let views = schema.table_by_key(&key).into_iter();
    views
        .flat_map(|table| &table.views)
        .map(|view| Need::Unread(key, column.name, *view))
        .collect()
}

/// What an operation fails without, of what is there.
fn needs(operation: &Operation, schema: &Schema) -> Vec<Need> {
    let mut list = Vec::new();
    let action = &operation.action;
    match action {
        Action::Drop {
            kind,
            name,
            if_exists: false,
            ..
        } if kind.is_relation() || matches!(kind, ObjectKind::Index | ObjectKind::Sequence) => {
            list.push(Need::Relation(schema.resolve(name)));
        }
        Action::Rename {
            kind,
            name,
            if_exists: false,
            ..
        } if kind.is_relation() => list.push(Need::Relation(schema.resolve(name))),
        Action::DropColumn {
            if_exists: true, ..
        }
        | Action::Drop { .. } => {}
        Action::AddColumn { table, .. } if !table.if_exists => {
            list.push(Need::Relation(schema.resolve(&table.name)));
        }
        Action::DropConstraint {
            table,
            name,
            if_exists: false,
            ..
        } if !table.if_exists => {
            let key = schema.resolve(&table.name);
            list.push(Need::Constraint(key, name.name));
        }
        action => match column_of(action) {
            Some((table, column)) if !table.if_exists => {
                let key = schema.resolve(&table.name);
                list.push(Need::Column(key, *column));
            }
            Some(_) => {}
            None => list.extend(subject(action).map(|n| Need::Relation(schema.resolve(n)))),
        },
    }
    list.retain(|need| match need {
        Need::Relation(key) => schema.relation_by_key(key).is_some(),
        Need::Column(key, name) => {
            let table = schema.table_by_key(key);
            table.is_some_and(|table| table.column(name).is_some())
        }
        Need::Constraint(key, name) => {
            let table = schema.table_by_key(key);
            table.is_some_and(|table| table.constraint(name).is_some())
        }
        Need::Unread(..) => true,
    });
    list
}

/// What was so before a migration and is not after its up and down, in words.
fn missing(schema: &Schema, start: Mark) -> Vec<(Need, String)> {
    let mut list = Vec::new();
    for change in schema.relations_changed_since(start) {
        let key = change.key;
        match (change.before, change.after) {
            (Some(before), None) => {
                let word = match before {
                    Relation::Table(_) => "table",
                    Relation::View(_) => "view",
                    Relation::Index(_) => "index",
                    Relation::Sequence(_) => "sequence",
                };
                list.push((Need::Relation(*key), format!("{word} `{key}` is not there")));
                if let Relation::Table(table) = before {
                    parts(table, None, &mut list);
                }
            }
            (Some(Relation::Table(before)), Some(Relation::Table(after))) => {
                parts(before, Some(after), &mut list);
            }
            (Some(Relation::View(before)), Some(Relation::View(after))) => {
                for (table, column) in after.read_besides(before) {
                    let words = format!("view `{key}` reads column `{column}` of `{table}`");
                    list.push((Need::Unread(*table, *column, *key), words));
                }
            }
            _ => {}
        }
    }
    list
}

fn parts(before: &Table, after: Option<&Table>, list: &mut Vec<(Need, String)>) {
    let key = &before.key;
    let (columns, constraints) = after.map_or((&[][..], &[][..]), |table| {
        (table.columns.as_slice(), table.constraints.as_slice())
    });
    for column in moved(&before.columns, columns) {
        let name = &column.name;
        if after.is_none_or(|table| table.column(name).is_none()) {
            let words = format!("column `{name}` of `{key}` is not there");
            list.push((Need::Column(*key, *name), words));
        }
    }
    for constraint in moved(&before.constraints, constraints) {
        let name = &constraint.name;
        if after.is_none_or(|table| table.constraint(name).is_none()) {
            let words = format!("constraint `{name}` of `{key}` is not there");
            list.push((Need::Constraint(*key, *name), words));
        }
    }
}

impl Fold<'_> {
    /// Tells which earlier downs fail on what this migration's up and down
    /// leave behind.
    pub(super) fn break_earlier(
        &mut self,
        migration: &Migration,
        read: &ReadMigration,
        down: &[Planned<'_>],
        start: Mark,
    ) {
        let is_block = |p: &Planned<'_>| {
            let text = self.project.sources[p.source].slice(p.statement_span);
            let word = text.split(|c: char| !c.is_alphabetic()).next();
            word.is_some_and(|word| word.eq_ignore_ascii_case("do"))
        };
        // A block may do nothing but fail.
        let sure = !self.schema.is_unsure() && !down.iter().any(|p| is_dark(p) || is_block(p));
        if !migration.selected || !sure || self.earlier.needs.is_empty() {
            return;
        }
        let mut broken: Vec<(Needy, Need, String)> = Vec::new();
        for (need, words) in missing(&self.schema, start) {
            let Some(needy) = self.earlier.needs.get(&need) else {
                continue;
            };
            if broken.iter().all(|(known, ..)| known.id != needy.id) {
                broken.push((needy.clone(), need, words));
            }
        }
        broken.sort_by_key(|(needy, ..)| (needy.at.source, needy.at.span.start));
        let Some((needy, need, words)) = broken.first() else {
            return;
        };
        let part = &read.down[0].part;
        let (source, span) = match down.first() {
            Some(first) => (first.source, first.operation.place),
            None => (part.source, Span::new(part.span.start, part.span.start)),
        };
        let Some(mut finding) = self.registry.builtin("earlier-down-broken", source, span) else {
            return;
        };
        let more = match broken.len() - 1 {
            0 => String::new(),
            1 => ", and so does that of one more".into(),
            more => format!(", and so do those of {more} more"),
        };
        finding.message = format!(
            "after this down the down of `{}` fails: {words}{more}",
            needy.id
        );
        finding.help = match need {
            Need::Unread(..) => {
                "Let this down name the columns that the view had before the up, rather than `*`"
            }
            _ => {
                "Let this down bring back what the ones before it take away, or say there IF EXISTS"
            }
        }
        .into();
        for (needy, ..) in broken.iter().take(4) {
            finding.related.push(Related {
                source: needy.at.source,
                span: needy.at.span,
                message: format!("the down of `{}` needs it here", needy.id),
            });
        }
        self.outcome.findings.push(finding);
    }
}
