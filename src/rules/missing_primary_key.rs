//! A table has no primary key.

use crate::operation::{Action, CreateTable, Persistence};
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "missing-primary-key",
    page: include_str!("../../rules/missing-primary-key.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if cx.scene.direction == Direction::Down {
        return;
    }
    for step in cx.steps {
        let Action::CreateTable(create) = &step.operation.action else {
            continue;
        };
        let table = cx.schema.table(&create.name);
        if is_ordinary(create) && table.is_some_and(|table| table.primary_key().is_none()) {
            findings
                .report_in(
                    step.source,
                    step.operation.place,
                    format!("`{}` has no primary key", create.name),
                )
                .help(format!(
                    "give it one: `ALTER TABLE {} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;`",
                    sql_object(&create.name)
                ));
        }
    }
}

fn is_ordinary(create: &CreateTable) -> bool {
    create.persistence != Persistence::Temporary
        && !create.foreign
        && create.partition_of.is_none()
        && create.inherits.is_empty()
        && create.like.is_empty()
        && create.source.is_none()
        && create.of_type.is_none()
}
