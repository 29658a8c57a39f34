//! Row security policies.

use super::alter_relation::rename_on;
use super::reader::Reader;
use super::trigger::name_on_table;
use super::{Action, Expr, ObjectKind};
use crate::statement::lexer::TokenKind;

/// CREATE POLICY.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.bump();
    r.cursor.eat_word("POLICY");
    let Some((name, table)) = name_on_table(r) else {
        return r.expected("a policy, `ON` and a table");
    };
    let conditions = clauses(r);
    let place = name.span;
    r.push_whole(
        Action::CreatePolicy {
            name,
            table,
            conditions,
        },
        place,
    );
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

/// Yields the conditions of USING and WITH CHECK.
fn clauses(r: &mut Reader<'_>) -> Vec<Expr> {
    let mut conditions = Vec::new();
    loop {
        if r.cursor.eat_word("TO") {
            while r.cursor.ident().is_some() && r.cursor.eat(TokenKind::Comma) {}
        } else if r.cursor.eat_word("USING") || r.cursor.eat_words(&["WITH", "CHECK"]) {
            conditions.extend(r.expr_in_parens());
        } else if r.cursor.eat_any(&["AS", "FOR"]).is_some() {
            r.cursor.ident();
        } else {
            return conditions;
        }
    }
}
