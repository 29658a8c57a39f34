//! Sequences.

use super::draft::{Draft, Phase};
use super::sql::{sql_key, sql_name, sql_sequence_options};
use crate::operation::SequenceOption;
use crate::schema::{Key, Mark, Origin, Relation, Sequence, Table, object_name};
use thin_vec::ThinVec;

/// Brings back all sequences that changed.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    for change in draft.now.relations_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(Relation::Sequence(sequence))) => {
                let lives_alone = !sequence.implicit;
                if lives_alone && sequence.origin != Origin::Assumed {
                    draft.push(
                        Phase::DropSequence,
                        format!("DROP SEQUENCE {}", sql_key(&sequence.key)),
                    );
                }
            }
            (Some(Relation::Sequence(sequence)), None) => come_back(draft, sequence),
            (Some(Relation::Sequence(before)), Some(Relation::Sequence(after))) => {
                change_back(draft, before, after);
            }
            _ => {}
        }
    }
}

fn come_back(draft: &mut Draft<'_>, sequence: &Sequence) {
    if made_with_column(draft, sequence) {
        return;
    }
    let name = sql_key(&sequence.key);
    let options = sql_sequence_options(&sequence.options);
    draft.push(
        Phase::CreateSequence,
        format!("CREATE SEQUENCE {name}{options}"),
    );
    own(draft, &name, sequence.owned_by.as_ref());
    draft.loses(format!("the position of `{}`", sequence.key));
}

fn own(draft: &mut Draft<'_>, name: &str, owner: Option<&(Key, crate::name::Name)>) {
    if let Some((table, column)) = owner {
        draft.push(
            Phase::OwnSequence,
            format!(
                "ALTER SEQUENCE {name} OWNED BY {}.{}",
                sql_key(table),
                sql_name(column)
            ),
        );
    }
}

/// The column's own declaration makes it: `serial`, `GENERATED … AS IDENTITY`.
fn made_with_column(draft: &Draft<'_>, sequence: &Sequence) -> bool {
    let Some((table, name)) = sequence.owned_by.as_ref().filter(|_| sequence.implicit) else {
        return false;
    };
    let column = |t: &Table| t.column(name).cloned();
    let Some(column) = draft.table_then(table).and_then(column) else {
        return false;
    };
    let usual = sequence.key.name == object_name(&table.name, name, "seq");
    column.identity.is_some() || column.is_of_serial() && usual
}

fn change_back(draft: &mut Draft<'_>, before: &Sequence, after: &Sequence) {
    let name = sql_key(&after.key);
    if before.options != after.options {
        let mut options: ThinVec<SequenceOption> = ThinVec::new();
        for (option, _) in after.options.iter().filter(|o| !before.options.contains(o)) {
            let old = before.options.iter().find(|(name, _)| name == option);
            options.push(old.cloned().unwrap_or_else(|| default(option)));
        }
        let column = after.owned_by.as_ref().filter(|_| after.implicit);
        match column {
            Some((table, column)) if is_identity(draft, table, column) => {
                let sets: String = options
                    .iter()
                    .map(|o| format!(" SET{}", sql_sequence_options(std::slice::from_ref(o))))
                    .collect();
                draft.push(
                    Phase::AlterColumn,
                    format!(
                        "ALTER TABLE {} ALTER COLUMN {}{sets}",
                        sql_key(table),
                        sql_name(column)
                    ),
                );
            }
            _ => {
                let options = sql_sequence_options(&options);
                draft.push(
                    Phase::AlterColumn,
                    format!("ALTER SEQUENCE {name}{options}"),
                );
            }
        }
    }
    if before.owned_by != after.owned_by {
        match &before.owned_by {
            Some(owner) => own(draft, &name, Some(owner)),
            None => draft.push(
                Phase::OwnSequence,
                format!("ALTER SEQUENCE {name} OWNED BY NONE"),
            ),
        }
    }
}

fn is_identity(draft: &Draft<'_>, table: &Key, column: &str) -> bool {
    let table = draft.now.table_by_key(table);
    table.is_some_and(|t| t.column(column).is_some_and(|c| c.identity.is_some()))
}

/// What holds where nothing is said.
fn default(option: &'static str) -> SequenceOption {
    let value = match option {
        "minvalue" | "maxvalue" | "cycle" => "no",
        "as" => "bigint",
        _ => "1",
    };
    (option, value.into())
}
