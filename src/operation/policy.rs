//! Row security policies.

use super::alter_relation::rename_on;
use super::reader::Reader;
use super::trigger::name_on_table;
use super::{Action, ObjectKind};
use crate::statement::lexer::TokenKind;

/// CREATE POLICY.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.bump();
    r.cursor.eat_word("POLICY");
    let Some((name, table)) = name_on_table(r) else {
        return r.expected("a policy, `ON` and a table");
    };
    clauses(r);
    let place = name.span;
    r.push_whole(Action::CreatePolicy { name, table }, place);
}

/// ALTER POLICY.
pub fn alter(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["ALTER", "POLICY"]);
    let Some((name, table)) = name_on_table(r) else {
        return r.expected("a policy, `ON` and a table");
    };
    if r.cursor.at_word("RENAME") {
        return rename_on(r, ObjectKind::Policy, name.into(), table);
    }
    clauses(r);
    let place = name.span;
    r.push_whole(Action::AlterPolicy { name, table }, place);
}

fn clauses(r: &mut Reader<'_>) {
    loop {
        if r.cursor.eat_word("TO") {
            while r.cursor.ident().is_some() && r.cursor.eat(TokenKind::Comma) {}
        } else if r.cursor.eat_word("USING") || r.cursor.eat_words(&["WITH", "CHECK"]) {
            r.cursor.group();
        } else if r.cursor.eat_any(&["AS", "FOR"]).is_some() {
            r.cursor.ident();
        } else {
            return;
        }
    }
}
