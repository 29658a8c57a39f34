//! Row security policies.

use super::alter_relation::rename_on;
use super::reader::Reader;
use super::trigger::name_on_table;
use super::{Action, Expr, ObjectKind, PolicyClauses};
use crate::statement::lexer::TokenKind;

/// CREATE POLICY.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.bump();
    r.cursor.eat_word("POLICY");
    let Some((name, table)) = name_on_table(r) else {
        return r.expected("a policy, `ON` and a table");
    };
    let clauses = clauses(r);
    let place = name.span;
    r.push_whole(
        Action::CreatePolicy {
            name,
            table,
            clauses,
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
    let mark = r.cursor.mark();
    let clauses = clauses(r);
    // What a policy is for stays as it is.
    let mut passed = r.cursor.clone();
    passed.back_to(mark);
    if passed.at_any(&["AS", "FOR"]) {
        r.cursor.back_to(mark);
        return r.unexpected();
    }
    let place = name.span;
    r.push_whole(
        Action::AlterPolicy {
            name,
            table,
            clauses,
        },
        place,
    );
}

/// What stands behind the table.
fn clauses(r: &mut Reader<'_>) -> PolicyClauses {
    let mut clauses = PolicyClauses::default();
    loop {
        if r.cursor.eat_word("TO") {
            while let Some(role) = r.cursor.ident() {
                clauses.roles.push(role.name);
                if !r.cursor.eat(TokenKind::Comma) {
                    break;
                }
            }
        } else if r.cursor.eat_word("USING") {
            clauses.using = r.expr_in_parens();
        } else if r.cursor.eat_words(&["WITH", "CHECK"]) {
            clauses.check = r.expr_in_parens();
        } else if r.cursor.eat_word("AS") {
            let how = r.cursor.ident();
            clauses.restrictive = how.is_some_and(|how| how.name == "restrictive");
        } else if r.cursor.eat_word("FOR") {
            let command = r.cursor.ident().map(|command| command.name);
            clauses.command = command.filter(|c| c != "all").unwrap_or_default();
        } else {
            return clauses;
        }
    }
}

impl PolicyClauses {
    /// ALTER POLICY changes what it names, and leaves the rest.
    pub fn altered(&self, to: &PolicyClauses) -> PolicyClauses {
        let roles = match to.roles.is_empty() {
            true => &self.roles,
            false => &to.roles,
        };
        PolicyClauses {
            restrictive: self.restrictive,
            command: self.command,
            roles: roles.clone(),
            using: to.using.clone().or_else(|| self.using.clone()),
            check: to.check.clone().or_else(|| self.check.clone()),
        }
    }

    /// USING and WITH CHECK.
    pub fn conditions(&self) -> impl Iterator<Item = &Expr> {
        self.using.iter().chain(&self.check)
    }

    pub fn conditions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        self.using.iter_mut().chain(&mut self.check)
    }
}
