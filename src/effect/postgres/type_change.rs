//! ALTER COLUMN TYPE: is the table written anew, are indexes built, checks
//! verified, or nothing of all that?

use std::cmp::Ordering;

use crate::effect::LockMode;
use crate::name::Name;
use crate::operation::query::Yields;
use crate::operation::{self, Action, Column, ConstraintKind, DataType, Expr, TypeDefinition};
use crate::schema::{Index, Key, Schema, Table};
use crate::statement::cursor::Cursor;
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::data::{Cast, CastKind, cast, is_string};
use super::expr::{Tokens, is_name, is_word, mentions, strip};
use super::place::Place;
use super::table::Subject;

/// A type with its domains taken off.
struct Base<'t> {
    ty: &'t DataType,
    /// Some domain on the way has a CHECK or NOT NULL.
    constrained: bool,
    domain: bool,
}

fn base<'t>(schema: &'t Schema, ty: &'t DataType) -> Base<'t> {
    let none = Base {
        ty,
        constrained: false,
        domain: false,
    };
    schema.domains_of(ty).fold(none, |found, domain| Base {
        ty: &domain.base,
        constrained: found.constrained || domain.is_constrained(),
        domain: true,
    })
}

/// What a change of type means for the values that are stored.
///
/// Held against every pair of `fixtures/truth/postgres_types.tsv`.
fn convert(schema: &Schema, from: &DataType, to: &DataType, version: u8) -> (Cast, bool) {
    if from == to && from.least_field() == to.least_field() {
        return (Cast::SAME, false);
    }
    let (source, target) = (base(schema, from), base(schema, to));
    let (mut cast, uncertain) = convert_base(schema, source.ty, target.ty, version);
    let modified = needs_coercion(&source, &target);
    if modified || target.constrained {
        cast.binary = false;
    }
    if (from.array > 0 || to.array > 0) && family(&source.ty.name) != family(&target.ty.name) {
        cast.binary = false;
    }
    (cast, uncertain)
}

fn convert_base(schema: &Schema, from: &DataType, to: &DataType, version: u8) -> (Cast, bool) {
    if from.array > 0 && to.array == 0 {
        let measured = cast(&format!("{}[]", plain(&from.name)), &to.name, version);
        if measured.kind != CastKind::None {
            return (measured, false);
        }
    }
    if (from.array > 0) != (to.array > 0) {
        let kind = match (from.array > 0, is_string(&to.name), is_string(&from.name)) {
            (true, true, _) => CastKind::Assignment,
            (false, _, true) => CastKind::Explicit,
            _ => CastKind::None,
        };
        return (Cast::rewriting(kind), false);
    }
    let (old, new) = (plain(&from.name), plain(&to.name));
    if family(old) == family(new) && from.schema == to.schema {
        return (Cast::SAME, false);
    }
    let cast = cast(old, new, version);
    let unknown =
        cast.kind == CastKind::None && (is_foreign(schema, from) || is_foreign(schema, to));
    (cast, unknown)
}

impl Work<'_> {
    /// The column of one type that is assigned to one of another needs a cast
    /// that an assignment makes by itself (update_assign_*).
    pub(super) fn check_assigned_column(&mut self, to: &Column, from: &Column) {
        let (cast, uncertain) = convert(self.schema, &from.ty, &to.ty, self.version);
        if cast.kind != CastKind::Assignment && !uncertain && !self.schema.has_own_operators() {
            self.refuse(format!(
                "`{}` is of type {} and cannot become {} by itself",
                from.name, from.ty, to.ty
            ));
        }
    }
}

/// A type that is neither built in nor an enum or composite of the history:
/// an extension may have brought a cast.
fn is_foreign(schema: &Schema, ty: &DataType) -> bool {
    match schema.type_of(ty) {
        Some(entry) => entry.definition == TypeDefinition::Other,
        None => !is_measured(plain(&ty.name)),
    }
}

/// The integer behind a serial type.
fn plain(name: &str) -> &str {
    match name {
        "serial" => "int",
        "bigserial" => "bigint",
        "smallserial" => "smallint",
        _ => name,
    }
}

/// `bpchar` is `char` without an end (alter_type_char_to_bpchar).
fn family(name: &str) -> &str {
    match plain(name) {
        "bpchar" => "char",
        name => name,
    }
}

/// The type that a column has once it is made.
pub(super) fn stored(ty: &DataType) -> DataType {
    let mut ty = ty.clone();
    ty.name = Name::new(plain(&ty.name));
    ty
}

/// A type of the server's own, whose name means nothing else.
pub fn is_built_in(ty: &DataType) -> bool {
    ty.schema.is_none() && is_measured(plain(&ty.name))
}

fn is_measured(name: &str) -> bool {
    matches!(
        name,
        "smallint"
            | "int"
            | "bigint"
            | "numeric"
            | "real"
            | "double precision"
            | "money"
            | "text"
            | "varchar"
            | "char"
            | "bpchar"
            | "name"
            | "bytea"
            | "boolean"
            | "date"
            | "timestamp"
            | "timestamptz"
            | "time"
            | "timetz"
            | "interval"
            | "uuid"
            | "json"
            | "jsonb"
            | "xml"
            | "inet"
            | "cidr"
            | "macaddr"
            | "macaddr8"
            | "bit"
            | "varbit"
            | "oid"
            | "regclass"
            | "tsvector"
            | "tsquery"
            | "point"
            | "line"
            | "lseg"
            | "box"
            | "path"
            | "polygon"
            | "circle"
            | "int4range"
            | "int8range"
            | "numrange"
            | "daterange"
            | "tsrange"
            | "tstzrange"
            | "citext"
            | "hstore"
    )
}

/// Must each value go through the function that enforces length, precision or
/// scale? A domain hides the modifier of the column that it is taken from.
fn needs_coercion(from: &Base<'_>, to: &Base<'_>) -> bool {
    let same = family(&from.ty.name) == family(&to.ty.name);
    let old = if from.domain {
        [None, None]
    } else {
        from.ty.modifiers
    };
    let new = to.ty.modifiers;
    if to.ty.name == "char" || to.ty.name == "bit" {
        return !same || from.domain || old != new;
    }
    // Precision is that of seconds (alter_type_interval_*).
    let had_field = match from.domain {
        true => 0,
        false => from.ty.least_field(),
    };
    match to.ty.least_field().cmp(&had_field) {
        Ordering::Greater => return true,
        _ if same && had_field > 0 => return from.ty.array > 0,
        _ => {}
    }
    let [Some(wanted), scale] = new else {
        return false;
    };
    if !same || from.ty.array > 0 {
        return !(same && old == new);
    }
    let [Some(had), had_scale] = old else {
        return !(is_time(&to.ty.name) && wanted >= FINEST);
    };
    match to.ty.name.as_str() {
        "numeric" => wanted < had || scale.unwrap_or(0) != had_scale.unwrap_or(0),
        "varchar" | "varbit" | "timestamp" | "timestamptz" | "time" | "timetz" | "interval" => {
            wanted < had
        }
        _ => old != new,
    }
}

/// Microseconds are what times are stored in: no digit is cut off
/// (alter_type_timestamptz_precision_6).
const FINEST: i32 = 6;

fn is_time(name: &str) -> bool {
    matches!(
        name,
        "timestamp" | "timestamptz" | "time" | "timetz" | "interval"
    )
}

/// Has a USING clause to be computed for each row?
pub fn is_computed(using: &str, column: &str) -> bool {
    matches!(self::using(using, column), Using::Expression)
}

/// What a USING clause comes to.
enum Using {
    /// The column itself.
    Column,
    /// The column, cast once.
    Cast(DataType),
    /// Something that must be computed for each row.
    Expression,
}

fn using(text: &str, column: &str) -> Using {
    let tokens = Tokens::of(text);
    let list = strip(&tokens.list);
    if let [word, ..] = list
        && is_word(*word, text, "CAST")
    {
        return cast_call(&list[1..], text, column);
    }
    let Some((first, rest)) = operand(list, text, column) else {
        return Using::Expression;
    };
    if !first {
        return Using::Expression;
    }
    match rest {
        [] => Using::Column,
        [cast, ty @ ..] if cast.kind == TokenKind::DoubleColon => whole_type(ty, text),
        _ => Using::Expression,
    }
}

/// Is the first operand the column, perhaps in parentheses? And what follows.
fn operand<'t>(list: &'t [Token], text: &str, column: &str) -> Option<(bool, &'t [Token])> {
    let first = list.first()?;
    if first.kind == TokenKind::OpenParen {
        let end = super::expr::group_end(list, 0);
        let inner = strip(list.get(..=end)?);
        let is_column = matches!(inner, [name] if is_name(*name, text, column));
        return Some((is_column, &list[end + 1..]));
    }
    if let [_, dot, name, rest @ ..] = list
        && dot.kind == TokenKind::Dot
    {
        return Some((is_name(*name, text, column), rest));
    }
    Some((is_name(*first, text, column), &list[1..]))
}

fn cast_call(list: &[Token], text: &str, column: &str) -> Using {
    let inner = strip(list);
    match operand(inner, text, column) {
        Some((true, [word, ty @ ..])) if is_word(*word, text, "AS") => whole_type(ty, text),
        _ => Using::Expression,
    }
}

fn whole_type(tokens: &[Token], text: &str) -> Using {
    let mut cursor = Cursor::new(text, tokens);
    match DataType::read(&mut cursor) {
        Some(ty) if cursor.done() => Using::Cast(ty),
        _ => Using::Expression,
    }
}

impl<'a> Work<'a> {
    pub(super) fn alter_type(
        &mut self,
        subject: &Subject<'a>,
        column: &str,
        ty: &'a DataType,
        collation: Option<&Name>,
        using: Option<&Expr>,
    ) {
        if let Some(table) = subject.table {
            self.refuse_typed(table);
        }
        self.refuse_row_in_use(&subject.key);
        self.retype(subject, column, ty, collation, using);
    }

    /// Values of the table's row type cannot be changed along
    /// (`find_composite_type_dependencies` in `tablecmds.c`;
    /// row_type_in_use_*).
    pub(super) fn refuse_row_in_use(&mut self, key: &Key) {
        if let Some((table, column)) = self.columns_of_type(key).first() {
            self.refuse(format!(
                "column `{}.{column}` holds rows of `{key}`",
                table.key
            ));
        }
    }

    /// The same where the type of a typed table takes it along.
    pub(super) fn retype(
        &mut self,
        subject: &Subject<'a>,
        column: &str,
        ty: &'a DataType,
        collation: Option<&Name>,
        using: Option<&Expr>,
    ) {
        let Some((table, old)) = subject
            .table
            .and_then(|table| Some((table, table.column(column)?)))
        else {
            return self.retype_unknown(subject, column, ty, collation, using);
        };
        let change = self.change(&old.ty, ty, column, using);
        if let Some(using) = using {
            self.check_place_of(&using.text, Place::Transform);
            self.refuse_missing_columns(&subject.key, &using.text);
        }
        if subject.only && !table.children.is_empty() {
            self.refuse(format!(
                "the type of `{column}` must be changed in child tables too"
            ));
        }
        self.check_dependents(subject, table, column);
        if change.kind != CastKind::Assignment && !self.effect.uncertain {
            self.refuse_cast(column, &old.ty, ty, using.is_some(), change.kind);
        }
        self.check_default(table, column, &old.ty, ty);
        self.refuse_compared(table, old, ty);
        self.losses_of_type(subject, column, &old.ty, ty, using);
        if !change.binary {
            self.rewrite_all(subject);
        }
        let same_collation = collation == old.collation.as_ref();
        let keeps = change.keeps_index && same_collation;
        self.each(
            &subject.key,
            super::data::Children::Yes,
            subject.only,
            |work, key, table| {
                if let Some(table) = table {
                    work.around_column(key, table, column, change.binary, keeps);
                }
            },
        );
        if old.identity.is_some() {
            self.lock_owned_sequence(subject, column, LockMode::ShareRowExclusive);
        }
    }

    /// A column of which nothing but the type is known.
    pub(super) fn retype_bare(&mut self, subject: &Subject<'a>, old: &DataType, ty: &DataType) {
        if !self.step(old, ty).binary {
            self.rewrite_all(subject);
        }
    }

    /// A column that no migration shows, but perhaps its type, where another ALTER
    /// gave it that. Its indexes are not known; they stay where type and collation do.
    fn retype_unknown(
        &mut self,
        subject: &Subject<'a>,
        column: &str,
        ty: &DataType,
        collation: Option<&Name>,
        using: Option<&Expr>,
    ) {
        let taught = subject.table.and_then(|table| table.type_of(column));
        let is_same = taught.is_some_and(|(old, own)| {
            self.change(old, ty, column, using).binary && collation == own.as_ref()
        });
        if !is_same {
            self.effect.uncertain |= taught.is_none();
            self.rewrite_all(subject);
        }
    }

    /// What becomes of the values, the USING clause considered.
    fn change(
        &mut self,
        old: &DataType,
        new: &DataType,
        column: &str,
        clause: Option<&Expr>,
    ) -> Cast {
        let clause = clause.map(|expr| using(&expr.text, column));
        match clause {
            None | Some(Using::Column) => self.step(old, new),
            Some(Using::Expression) => Cast::rewriting(CastKind::Assignment),
            Some(Using::Cast(via)) => {
                let mut first = self.step(old, &via);
                if first.kind == CastKind::Explicit {
                    first.kind = CastKind::Assignment;
                }
                let second = self.step(&via, new);
                Cast {
                    kind: first.kind.min(second.kind),
                    binary: first.binary && second.binary,
                    keeps_index: first.keeps_index && second.keeps_index,
                }
            }
        }
    }

    fn step(&mut self, old: &DataType, new: &DataType) -> Cast {
        let (mut cast, uncertain) = convert(self.schema, old, new, self.version);
        self.effect.uncertain |= uncertain;
        let zones = matches!(
            (old.name.as_str(), new.name.as_str()),
            ("timestamp", "timestamptz") | ("timestamptz", "timestamp")
        );
        if zones && self.schema.session().is_in_utc() == Some(false) {
            cast.binary = false;
        }
        cast
    }

    fn refuse_cast(
        &mut self,
        column: &str,
        old: &DataType,
        new: &DataType,
        using: bool,
        kind: CastKind,
    ) {
        if kind == CastKind::None {
            self.refuse(format!("`{column}`: no cast leads from {old} to {new}"));
        } else if !using {
            self.refuse(format!(
                "column `{column}` cannot be cast automatically from {old} to {new}: USING is needed"
            ));
        }
    }

    /// Views, generated columns and the like stop a change of type.
    fn check_dependents(&mut self, subject: &Subject<'_>, table: &Table, column: &str) {
        if let Some(view) = self.views_reading(&subject.key, table, Some(column)).next() {
            self.refuse(format!("column `{column}` is used by view `{}`", view.key));
        }
        if let Some(generated) = self.generated_from(table, column) {
            self.refuse(format!(
                "column `{column}` is used by the generated column `{generated}`"
            ));
        }
        self.refuse_typed(table);
        self.refuse_watched(table, column, "changed");
        self.refuse_published(&subject.key, column, "changed");
        self.refuse_inherited(table, column, "changed");
        self.refuse_partition_key(table, column);
    }

    /// The default must convert by itself (alter_type_with_default_uncastable),
    /// from the type that it has of its own (alter_type_default_*).
    fn check_default(&mut self, table: &Table, column: &str, old: &DataType, new: &DataType) {
        let Some(default) = table.column(column).and_then(|c| c.default.as_ref()) else {
            return;
        };
        let dropped = self.siblings().any(
            |action| matches!(action, Action::DropDefault { column: c, .. } if c.name == column),
        );
        let own = self.types_of_default(&default.text, old);
        let stays = |own: &DataType| {
            let (cast, uncertain) = convert(self.schema, own, new, self.version);
            cast.kind != CastKind::Assignment && !uncertain
        };
        if !own.is_empty()
            && own.iter().all(stays)
            && !dropped
            && !super::expr::is_null(&default.text)
        {
            self.refuse(format!(
                "the default of `{column}` cannot be cast automatically to {new}"
            ));
        }
    }

    /// The types that a default may have before it is cast to that of its
    /// column, which a literal in quotes takes there and then; none where they
    /// are not known.
    fn types_of_default(&self, default: &str, column: &DataType) -> Vec<DataType> {
        let unsigned = default.trim_start().trim_start_matches('-');
        let reading = operation::query::read(&format!("SELECT {unsigned}"));
        let yields = reading.and_then(|mut reading| reading.yields.pop());
        match yields {
            Some(Yields::Typed("text")) => vec![column.clone()],
            Some(Yields::Cast(ty)) => DataType::parse(&ty).into_iter().collect(),
            // CURRENT_DATE is read as a name.
            Some(Yields::Column(name)) => self.types_of_computed(&Yields::Call(name)),
            Some(yields) => self.types_of_computed(&yields),
            None => Vec::new(),
        }
    }

    /// Indexes, checks and foreign keys that a change of the column touches.
    fn around_column(
        &mut self,
        key: &Key,
        table: &'a Table,
        column: &str,
        binary: bool,
        keeps_index: bool,
    ) {
        for index in self.indexes_of(Some(table)) {
            self.index_on_column(key, table, index, column, binary, keeps_index);
        }
        if binary {
            let verified = table.constraints.iter().any(|c| {
                c.validated
                    && matches!(&c.definition.kind, ConstraintKind::Check(check)
                        if mentions(&check.text, column))
            });
            if verified {
                self.scan_heap(key, Some(table));
            }
        }
        self.foreign_keys_on_column(key, table, column, binary);
    }

    fn index_on_column(
        &mut self,
        key: &Key,
        table: &'a Table,
        index: &'a Index,
        column: &str,
        binary: bool,
        keeps_index: bool,
    ) {
        // What is written anew takes its indexes along; a partitioned table
        // has only their definitions.
        if !binary {
            if !super::stores_rows(table) && super::drop::uses_column(index, column) {
                self.lock(&index.key, LockMode::AccessExclusive);
            }
            return;
        }
        let derived = index.exprs.iter().any(|e| mentions(&e.text, column))
            || index
                .predicate
                .as_ref()
                .is_some_and(|p| mentions(&p.text, column));
        let plain = index.columns.iter().any(|c| c == column);
        let included = index.include.iter().any(|c| c == column);
        let is_on_it = plain || included;
        // The server does not look whether expressions and conditions stay the
        // same (`CheckIndexCompatible` in `indexcmds.c`;
        // alter_type_varchar_widen_partial_*).
        let is_opaque = index.predicate.is_some() || !index.exprs.is_empty();
        // The part of a partitioned index is made anew with it
        // (alter_type_partitioned_varchar_widen).
        let is_part = index.parent.is_some() && is_on_it;
        if derived || (plain && !keeps_index) || is_part || is_on_it && is_opaque {
            self.rebuild(&index.key);
            self.scan_heap(key, Some(table));
        } else if is_on_it {
            self.lock(&index.key, LockMode::AccessExclusive);
        }
    }

    /// A foreign key on the column, from here or to here, is made anew: its
    /// other table is locked, and where the values change it is checked again.
    fn foreign_keys_on_column(&mut self, key: &Key, table: &'a Table, column: &str, binary: bool) {
        for constraint in &table.constraints {
            let Some(referenced) = &constraint.references else {
                continue;
            };
            if !constraint.columns.iter().any(|c| c == column) {
                continue;
            }
            self.lock_referenced(referenced, LockMode::AccessExclusive);
            if !binary && constraint.validated {
                let subject = Subject {
                    key: *key,
                    table: Some(table),
                    only: false,
                };
                self.validate_reference(&subject, referenced, true);
            }
        }
        for other in &table.referenced_by {
            let Some(other_table) = self.table(other) else {
                continue;
            };
            let refers = other_table.constraints.iter().any(|c| {
                c.references.as_ref() == Some(key) && c.referenced.iter().any(|c| c == column)
            });
            if refers {
                self.lock(other, LockMode::AccessExclusive);
                if !binary {
                    let subject = Subject {
                        key: *other,
                        table: Some(other_table),
                        only: false,
                    };
                    self.validate_reference(&subject, key, true);
                }
            }
        }
    }

    fn losses_of_type(
        &mut self,
        subject: &Subject<'_>,
        column: &str,
        old: &DataType,
        new: &DataType,
        clause: Option<&Expr>,
    ) {
        let place = format!("`{}.{column}`", subject.key);
        if let Some(expr) = clause
            && matches!(using(&expr.text, column), Using::Expression)
        {
            self.lose(format!("what USING does not keep of {place}"));
            return;
        }
        if let Some(what) = super::data::lossy(&old.name, &new.name) {
            self.lose(format!("{what} of {place}"));
        } else if old.name == new.name {
            match (old.name.as_str(), old.modifiers, new.modifiers) {
                ("numeric", [_, had], [Some(_), wanted])
                    if wanted.unwrap_or(0) < had.unwrap_or(i32::MAX) =>
                {
                    self.lose(format!("digits behind the point of {place}"));
                }
                (
                    "timestamp" | "timestamptz" | "time" | "timetz" | "interval",
                    [had, _],
                    [Some(wanted), _],
                ) if wanted < had.unwrap_or(6) => {
                    self.lose(format!("fractions of a second of {place}"));
                }
                _ => {}
            }
        }
    }

    /// Can a key of one type be looked up among values of another, as a foreign
    /// key must? Not everything that can be compared is found by the index of the
    /// other side (add_fk_numeric_to_int).
    pub(super) fn refers(&self, left: &DataType, right: &DataType) -> bool {
        const FAMILIES: &[&[&str]] = &[
            &["text", "varchar", "char", "bpchar", "name", "citext"],
            &["date", "timestamp", "timestamptz"],
            &["inet", "cidr"],
            &["bit", "varbit"],
        ];
        let (left, right) = (base(self.schema, left).ty, base(self.schema, right).ty);
        let names = (plain(&left.name), plain(&right.name));
        if names.0 == names.1 || left.array != right.array {
            return left.array == right.array;
        }
        if is_foreign(self.schema, left) || is_foreign(self.schema, right) {
            return true;
        }
        // What is wider finds no place among what is narrower.
        let width = |name: &str| match name {
            "smallint" | "int" | "bigint" => Some(0),
            "numeric" => Some(1),
            "real" | "double precision" => Some(2),
            _ => None,
        };
        match (width(names.0), width(names.1)) {
            (Some(from), Some(to)) => from <= to,
            (Some(from), None) if names.1 == "oid" => from == 0,
            (None, Some(_)) if names.0 == "oid" => false,
            _ if names == ("time", "interval") => true,
            _ => FAMILIES
                .iter()
                .any(|family| family.contains(&names.0) && family.contains(&names.1)),
        }
    }
}
