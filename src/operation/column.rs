//! Column definitions, as CREATE TABLE and ALTER TABLE write them.

use smol_str::SmolStr;
use std::sync::Arc;
use thin_vec::ThinVec;

use super::constraint::{
    attribute, bare_expr, constraint_name, index_parameters, nulls_not_distinct, references,
};
use super::reader::Reader;
use super::{
    Column, ColumnOption, Constraint, ConstraintKind, DataType, Generated, Ident, Identity, Key,
    sequence,
};
use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

/// What stands in the place of a serial column's default; its sequence is found
/// by the column.
pub const OF_SERIAL: &str = "nextval()";

impl Column {
    /// One that takes NULL, without a default.
    pub fn plain(name: Name, span: Span, ty: DataType) -> Self {
        Self {
            name,
            span,
            ty,
            collation: None,
            default: None,
            not_null: false,
            identity: None,
            sequence: ThinVec::new(),
            generated: None,
            options: ThinVec::new(),
        }
    }

    /// Is the default the next value of a sequence that came with the column?
    pub fn is_of_serial(&self) -> bool {
        let default = self.default.as_ref();
        default.is_some_and(|default| &*default.text == OF_SERIAL)
    }
}

/// A column with the constraints that stand behind it.
pub struct ColumnDefinition {
    pub column: Arc<Column>,
    /// Named and unnamed ones, `NOT NULL` excepted.
    pub constraints: Vec<Constraint>,
}

/// Reads `name type` and whatever may follow. Where `typed` is false the type
/// may be missing, as in `CREATE TABLE … (names) AS query`.
///
/// # Errors
/// Says what should stand where the cursor then is.
pub fn column(r: &mut Reader<'_>, typed: bool) -> Result<ColumnDefinition, SmolStr> {
    if at_foreign_key_word(&r.cursor) {
        return Err(r.why_expected("a column"));
    }
    let name = r.name();
    let name = r.need(name, "a column")?;
    let ty = match DataType::read(&mut r.cursor) {
        Some(ty) => ty,
        None if typed => return Err(r.why_expected("a type")),
        None => DataType::unknown(name.span),
    };
    let mut definition = Definition::new(name, ty);
    while definition.clause(r)? {}
    Ok(definition.finish())
}

/// MySQL's `KEY name (columns)` in the place of a column.
fn at_foreign_key_word(cursor: &Cursor<'_>) -> bool {
    const EXTENSION_TYPES: &[&str] = &["GEOMETRY", "GEOGRAPHY", "VECTOR", "HALFVEC"];
    let kind = |n: usize| cursor.peek_at(n).map(|token| token.kind);
    let is_name = |n: usize| matches!(kind(n), Some(TokenKind::Word | TokenKind::QuotedName));
    let behind = usize::from(cursor.at_any(&["FULLTEXT", "SPATIAL"]));
    let key = cursor.is_word_at(behind, "KEY") || cursor.is_word_at(behind, "INDEX");
    let named = behind + 1 + usize::from(is_name(behind + 1));
    key && kind(named) == Some(TokenKind::OpenParen)
        && is_name(named + 1)
        && !EXTENSION_TYPES
            .iter()
            .any(|word| cursor.is_word_at(behind + 1, word))
}

struct Definition {
    column: Column,
    constraints: Vec<Constraint>,
    /// The constraint that attributes such as DEFERRABLE belong to; for
    /// `NOT NULL` one that is forgotten.
    latest: Option<Constraint>,
}

impl Definition {
    fn new(name: Ident, ty: DataType) -> Self {
        Self {
            column: Column::plain(name.name, name.span, ty),
            constraints: Vec::new(),
            latest: None,
        }
    }

    fn finish(mut self) -> ColumnDefinition {
        self.close();
        self.column.not_null |= self.column.ty.is_serial();
        ColumnDefinition {
            column: Arc::new(self.column),
            constraints: self.constraints,
        }
    }

    /// The latest constraint takes no more attributes.
    fn close(&mut self) {
        let kept = self
            .latest
            .take()
            .filter(|c| !matches!(c.kind, ConstraintKind::NotNull(_)));
        self.constraints.extend(kept);
    }

    /// Reads one clause behind the type; false where none comes next.
    fn clause(&mut self, r: &mut Reader<'_>) -> Result<bool, SmolStr> {
        if matches!(
            r.cursor.kind(),
            Some(TokenKind::Comma | TokenKind::CloseParen) | None
        ) {
            return Ok(false);
        }
        let attributes = r.cursor.mark();
        if let Some(latest) = &mut self.latest
            && attribute(&mut r.cursor, latest)
        {
            latest.span = latest.span.to(r.cursor.span_from(attributes));
            return Ok(true);
        }
        self.close();
        if self.setting(r)? {
            return Ok(true);
        }
        let mark = r.cursor.mark();
        let name = constraint_name(r)?;
        if self.value(r)? {
            return Ok(true);
        }
        let Some(kind) = self.inline_constraint(r)? else {
            return match name {
                Some(_) => Err(r.why_expected("a constraint")),
                None => Ok(false),
            };
        };
        self.latest = Some(Constraint {
            inline: true,
            ..Constraint::new(name, kind, r.cursor.span_from(mark))
        });
        Ok(true)
    }

    /// Collation, storage and the options of a foreign table's column.
    fn setting(&mut self, r: &mut Reader<'_>) -> Result<bool, SmolStr> {
        if r.cursor.eat_word("COLLATE") {
            let collation = r.object_name();
            let collation = r.need(collation, "a collation")?;
            self.column.collation = Some(Name::from(collation.to_string()));
        } else if let Some(word) = r.cursor.eat_any(&["STORAGE", "COMPRESSION"]) {
            let option = match word {
                "STORAGE" => ColumnOption::Storage,
                _ => ColumnOption::Compression,
            };
            let setting = r.cursor.ident();
            let setting = r.need(setting, "a setting")?;
            self.column.options.push((option, setting.name));
        } else if r.cursor.at_word("OPTIONS") {
            r.cursor.bump();
            r.cursor.group();
        } else {
            return Ok(r.cursor.eat_words(&["WITH", "OPTIONS"]));
        }
        Ok(true)
    }

    /// What a row gets that says nothing: a default, an identity, a generated value.
    fn value(&mut self, r: &mut Reader<'_>) -> Result<bool, SmolStr> {
        if r.cursor.eat_word("DEFAULT") {
            let default = bare_expr(r);
            self.column.default = Some(r.need(default, "an expression")?);
        } else if r.cursor.at_word("GENERATED") {
            self.generated(r)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn generated(&mut self, r: &mut Reader<'_>) -> Result<(), SmolStr> {
        let identity = generated_how(r)?;
        if !r.cursor.eat_word("AS") {
            return Err(r.why_expected("`AS`"));
        }
        if r.cursor.eat_word("IDENTITY") {
            self.column.sequence = sequence::in_parens(r);
            self.column.identity = Some(identity);
            self.column.not_null = true;
            return Ok(());
        }
        let expr = r.expr_in_parens();
        let expr = r.need(expr, "an expression in parentheses")?;
        let stored = r.cursor.eat_word("STORED");
        if !stored {
            r.cursor.eat_word("VIRTUAL");
        }
        self.column.generated = Some(Box::new(Generated { expr, stored }));
        Ok(())
    }

    fn inline_constraint(&mut self, r: &mut Reader<'_>) -> Result<Option<ConstraintKind>, SmolStr> {
        let own = self.column.name;
        if r.cursor.at_word("NULL") || r.cursor.at_words(&["NOT", "NULL"]) {
            self.column.not_null |= r.cursor.eat_word("NOT");
            r.cursor.bump();
            return Ok(Some(ConstraintKind::NotNull(Ident {
                name: own,
                span: self.column.span,
                template: false,
            })));
        }
        if r.cursor.eat_word("CHECK") {
            let expr = r.expr_in_parens();
            let expr = r.need(expr, "a condition in parentheses")?;
            return Ok(Some(ConstraintKind::Check(expr)));
        }
        if r.cursor.eat_words(&["PRIMARY", "KEY"]) {
            let key = inline_key(r, own);
            self.column.not_null = true;
            return Ok(Some(ConstraintKind::PrimaryKey(key)));
        }
        if r.cursor.eat_word("UNIQUE") {
            return Ok(Some(ConstraintKind::Unique(inline_key(r, own))));
        }
        if r.cursor.at_word("REFERENCES") {
            let mut foreign = references(r)?;
            foreign.columns = vec![own];
            return Ok(Some(ConstraintKind::ForeignKey(Box::new(foreign))));
        }
        Ok(None)
    }
}

fn inline_key(r: &mut Reader<'_>, column: Name) -> Key {
    let mut key = Key {
        columns: vec![column],
        nulls_not_distinct: nulls_not_distinct(&mut r.cursor),
        ..Key::default()
    };
    key.parameters = index_parameters(r, &mut key.include);
    key
}

/// Reads `GENERATED ALWAYS` or `GENERATED BY DEFAULT`.
pub fn generated_how(r: &mut Reader<'_>) -> Result<Identity, SmolStr> {
    if r.cursor.eat_words(&["GENERATED", "ALWAYS"]) {
        Ok(Identity::Always)
    } else if r.cursor.eat_words(&["GENERATED", "BY", "DEFAULT"]) {
        Ok(Identity::ByDefault)
    } else {
        Err(r.why_expected("`GENERATED ALWAYS` or `GENERATED BY DEFAULT`"))
    }
}
