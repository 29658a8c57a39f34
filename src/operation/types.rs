//! Types.

use std::sync::Arc;

use super::alter_relation::shared_action;
use super::reader::Reader;
use super::{
    Action, CompositeChange, CreateType, DataType, ObjectKind, ObjectName, TypeDefinition,
};
use crate::name::Name;
use crate::statement::lexer::TokenKind;

/// CREATE TYPE.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["CREATE", "TYPE"]);
    let Some(name) = r.object_name() else {
        return r.expected("the name of a type");
    };
    let mark = r.cursor.mark();
    let definition = if r.cursor.eat_words(&["AS", "ENUM"]) {
        labels(r).map(TypeDefinition::Enum)
    } else if r.cursor.eat_words(&["AS", "RANGE"]) {
        r.cursor.group().map(|_| TypeDefinition::Range)
    } else if r.cursor.eat_word("AS") {
        attributes(r).map(TypeDefinition::Composite)
    } else {
        r.cursor.group();
        Some(TypeDefinition::Other)
    };
    let Some(definition) = definition else {
        return r.expected("the definition of the type");
    };
    let place = name.span;
    let create = CreateType {
        name,
        definition,
        text: Arc::from(r.cursor.slice(r.cursor.span_from(mark))),
    };
    r.push_whole(Action::CreateType(Box::new(create)), place);
}

fn labels(r: &mut Reader<'_>) -> Option<Vec<Name>> {
    let mut labels = Vec::new();
    if !r.cursor.eat(TokenKind::OpenParen) {
        return None;
    }
    while !r.cursor.eat(TokenKind::CloseParen) {
        labels.push(label(r)?);
        if !r.cursor.eat(TokenKind::Comma) && !r.cursor.at_kind(TokenKind::CloseParen) {
            return None;
        }
    }
    Some(labels)
}

/// A label; a placeholder may stand for one.
fn label(r: &mut Reader<'_>) -> Option<Name> {
    if let Some((label, _)) = r.cursor.string() {
        return Some(label.into());
    }
    let token = r.cursor.peek()?;
    if !matches!(token.kind, TokenKind::Template | TokenKind::Parameter) {
        return None;
    }
    r.cursor.bump();
    Some(Name::new(r.cursor.slice(token.span)))
}

fn attributes(r: &mut Reader<'_>) -> Option<Vec<(Name, DataType)>> {
    let mut attributes = Vec::new();
    if !r.cursor.eat(TokenKind::OpenParen) {
        return None;
    }
    while !r.cursor.eat(TokenKind::CloseParen) {
        attributes.push(attribute(r)?);
        if !r.cursor.eat(TokenKind::Comma) && !r.cursor.at_kind(TokenKind::CloseParen) {
            return None;
        }
    }
    Some(attributes)
}

fn attribute(r: &mut Reader<'_>) -> Option<(Name, DataType)> {
    let name = r.name()?.name;
    let ty = DataType::read(&mut r.cursor)?;
    if r.cursor.eat_word("COLLATE") {
        r.object_name()?;
    }
    Some((name, ty))
}

/// ALTER TYPE.
pub fn alter(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["ALTER", "TYPE"]);
    let Some(name) = r.object_name() else {
        return r.expected("the name of a type");
    };
    if shared_action(r, ObjectKind::Type, &name, false) {
        return;
    }
    if r.cursor.eat_words(&["ADD", "VALUE"]) {
        return add_value(r, name);
    }
    if r.cursor.eat_words(&["RENAME", "VALUE"]) {
        return rename_value(r, name);
    }
    if r.cursor.at_word("SET") {
        r.cursor.bump();
        r.cursor.group();
        let place = name.span;
        return r.push_whole(
            Action::AlterOther {
                kind: ObjectKind::Type,
                name: Some(name),
                sets: None,
            },
            place,
        );
    }
    loop {
        attribute_change(r, &name);
        if !r.cursor.eat(TokenKind::Comma) {
            return;
        }
    }
}

fn add_value(r: &mut Reader<'_>, name: ObjectName) {
    let if_not_exists = r.cursor.eat_if_not_exists();
    let place = r.here();
    let Some(value) = label(r) else {
        return r.expected("a value in quotes");
    };
    let position = match r.cursor.eat_any(&["BEFORE", "AFTER"]) {
        Some(word) => match label(r) {
            Some(neighbour) => Some((word == "BEFORE", neighbour)),
            None => return r.expected("a value in quotes"),
        },
        None => None,
    };
    r.push_whole(
        Action::AddEnumValue {
            name,
            value,
            if_not_exists,
            position,
        },
        place,
    );
}

fn rename_value(r: &mut Reader<'_>, name: ObjectName) {
    let place = r.here();
    let from = label(r);
    let to = label_behind_to(r);
    match (from, to) {
        (Some(from), Some(to)) => r.push_whole(Action::RenameEnumValue { name, from, to }, place),
        _ => r.expected("a value `TO` a value"),
    }
}

fn label_behind_to(r: &mut Reader<'_>) -> Option<Name> {
    r.cursor.eat_word("TO").then(|| label(r)).flatten()
}

fn attribute_change(r: &mut Reader<'_>, name: &ObjectName) {
    let mark = r.cursor.mark();
    let Some((change, place)) = composite_change(r) else {
        return r.unexpected();
    };
    let cascade = r.cursor.eat_any(&["CASCADE", "RESTRICT"]) == Some("CASCADE");
    let clause = r.cursor.span_from(mark);
    let name = name.clone();
    r.push(
        Action::AlterComposite {
            name,
            change,
            cascade,
        },
        place,
        clause,
    );
}

fn composite_change(r: &mut Reader<'_>) -> Option<(CompositeChange, crate::source::Span)> {
    let verb = r.cursor.eat_any(&["ADD", "DROP", "ALTER", "RENAME"])?;
    if !r.cursor.eat_word("ATTRIBUTE") {
        return None;
    }
    r.cursor.eat_if_exists();
    let place = r.here();
    let change = match verb {
        "ADD" => {
            let (name, ty) = attribute(r)?;
            CompositeChange::Add(name, ty)
        }
        "DROP" => CompositeChange::Drop(r.name()?.name),
        "RENAME" => {
            let from = r.name()?.name;
            let to = r.cursor.eat_word("TO").then(|| r.name()).flatten();
            CompositeChange::Rename(from, to?.name)
        }
        _ => {
            let name = r.name()?.name;
            r.cursor.eat_words(&["SET", "DATA"]);
            if !r.cursor.eat_word("TYPE") {
                return None;
            }
            let ty = DataType::read(&mut r.cursor)?;
            if r.cursor.eat_word("COLLATE") {
                r.object_name()?;
            }
            CompositeChange::Alter(name, ty)
        }
    };
    Some((change, place))
}
