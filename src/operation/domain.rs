//! Domains.

use super::alter_relation::shared_action;
use super::reader::Reader;
use super::{Action, CreateDomain, DataType, DomainChange, Expr, Ident, ObjectKind};
use crate::name::name;
use crate::statement::Cursor;

/// CREATE DOMAIN.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["CREATE", "DOMAIN"]);
    let Some(name) = r.object_name() else {
        return r.expected("the name of a domain");
    };
    r.cursor.eat_word("AS");
    let Some(base) = DataType::read(&mut r.cursor) else {
        return r.expected("a type");
    };
    let mut domain = CreateDomain {
        name,
        base,
        collation: None,
        default: None,
        not_null: false,
        checks: Vec::new(),
    };
    while part(r, &mut domain) {}
    let place = domain.name.span;
    r.push_whole(Action::CreateDomain(Box::new(domain)), place);
}

fn part(r: &mut Reader<'_>, domain: &mut CreateDomain) -> bool {
    if r.cursor.eat_word("COLLATE") {
        let collation = r.object_name();
        domain.collation = collation.map(|name| name!("{name}"));
        return domain.collation.is_some();
    }
    if r.cursor.eat_word("DEFAULT") {
        domain.default = default(r);
        return domain.default.is_some();
    }
    let name = constraint_name(r);
    if r.cursor.eat_words(&["NOT", "NULL"]) {
        domain.not_null = true;
    } else if r.cursor.eat_word("CHECK") {
        let Some(check) = r.expr_in_parens() else {
            return false;
        };
        domain.checks.push((name, check));
    } else {
        return r.cursor.eat_word("NULL");
    }
    true
}

fn constraint_name(r: &mut Reader<'_>) -> Option<Ident> {
    r.cursor.eat_word("CONSTRAINT").then(|| r.name()).flatten()
}

/// An expression behind DEFAULT: its first token always belongs to it, so that
/// `DEFAULT NULL` is one.
fn default(r: &mut Reader<'_>) -> Option<Expr> {
    let at_next = |c: &Cursor<'_>| {
        c.at_any(&["CONSTRAINT", "CHECK", "NULL", "COLLATE"]) || c.at_words(&["NOT", "NULL"])
    };
    let mark = r.cursor.mark();
    if r.cursor.group().is_none() {
        r.cursor.bump()?;
    }
    r.cursor.skip_until(at_next);
    let span = r.cursor.span_from(mark);
    Some(r.expr(span))
}

/// ALTER DOMAIN.
pub fn alter(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["ALTER", "DOMAIN"]);
    let Some(name) = r.object_name() else {
        return r.expected("the name of a domain");
    };
    if shared_action(r, ObjectKind::Domain, &name, false) {
        return;
    }
    match change(r) {
        Some(change) => {
            let place = name.span;
            r.push_whole(Action::AlterDomain { name, change }, place);
        }
        None => r.unexpected(),
    }
}

fn change(r: &mut Reader<'_>) -> Option<DomainChange> {
    if r.cursor.eat_words(&["SET", "NOT", "NULL"]) {
        return Some(DomainChange::SetNotNull);
    }
    if r.cursor.eat_words(&["DROP", "NOT", "NULL"]) {
        return Some(DomainChange::DropNotNull);
    }
    if r.cursor.eat_words(&["DROP", "DEFAULT"]) {
        return Some(DomainChange::DropDefault);
    }
    if r.cursor.eat_words(&["SET", "DEFAULT"]) {
        let span = r.cursor.rest()?;
        return Some(DomainChange::SetDefault(r.expr(span)));
    }
    if r.cursor.eat_words(&["VALIDATE", "CONSTRAINT"]) {
        return r.name().map(DomainChange::ValidateConstraint);
    }
    if r.cursor.eat_words(&["DROP", "CONSTRAINT"]) {
        let if_exists = r.cursor.eat_if_exists();
        let name = r.name()?;
        r.cursor.eat_any(&["CASCADE", "RESTRICT"]);
        return Some(DomainChange::DropConstraint { name, if_exists });
    }
    if r.cursor.eat_words(&["RENAME", "CONSTRAINT"]) {
        let from = r.name()?;
        let to = r.cursor.eat_word("TO").then(|| r.name()).flatten()?;
        return Some(DomainChange::RenameConstraint(from, to));
    }
    r.cursor.eat_word("ADD").then(|| added(r)).flatten()
}

fn added(r: &mut Reader<'_>) -> Option<DomainChange> {
    let name = constraint_name(r);
    let check = if r.cursor.eat_word("CHECK") {
        Some(r.expr_in_parens()?)
    } else if r.cursor.eat_words(&["NOT", "NULL"]) {
        None
    } else {
        return None;
    };
    let not_valid = r.cursor.eat_words(&["NOT", "VALID"]);
    Some(DomainChange::AddConstraint {
        name,
        check,
        not_valid,
    })
}
