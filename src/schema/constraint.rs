//! Constraints of tables.

use std::borrow::Cow;
use std::sync::Arc;
use thin_vec::ThinVec;

use rustc_hash::FxHashMap;

use super::apply::{At, Conflict};
use super::table::{MOST_COLUMNS, add};
use super::{Gone, GoneRule, Index, Key, Relation, Schema, Table, TableConstraint, names};
use crate::few::Few;
use crate::name::Name;
use crate::operation::{
    Column, Constraint, ConstraintKind, CreateTable, Expr, Key as KeyColumns, ObjectKind,
    ObjectName, Target,
};
use crate::source::Span;
use crate::statement::lexer::{Lexeme, Lexer, TokenKind};

impl Schema {
    /// Adds a constraint to a table, with its index or its reference; `inline`
    /// are the columns of the statement, which an inline constraint stands
    /// behind (found by place).
    pub(super) fn add_constraint(
        &mut self,
        name: &ObjectName,
        constraint: &Constraint,
        inline: &[Arc<Column>],
        only: bool,
        at: At,
    ) -> Option<Conflict> {
        let key = self.resolve(name);
        let behind = constraint
            .inline
            .then(|| column_before(inline, constraint))
            .flatten();
        let columns = self.columns_of(&key, &constraint.kind, behind);
        let table = self.table_by_key(&key)?;
        let is_partitioned = table.is_partitioned();
        let is_primary = matches!(constraint.kind, ConstraintKind::PrimaryKey(_));
        let first = table.primary_key().filter(|_| is_primary);
        let first = first.map(|primary| primary.name);
        let conflict = constraint.name.as_ref().and_then(|name| {
            let taken = table.constraint(&name.name);
            taken
                .filter(|c| first.as_ref() != Some(&c.name))
                .and_then(|_| {
                    if self.is_inherited_check(table, &name.name) {
                        return None;
                    }
                    Conflict::new(format!(
                        "constraint `{}` of `{key}` already exists",
                        name.name
                    ))
                })
        });
        if conflict.is_some() {
            return conflict;
        }
        let taken = self.index_is_taken(&key, constraint);
        // Where it does not fail, something unseen took the first one away.
        let conflict = first.and_then(|first| {
            self.remove_constraint(&key, &first);
            Conflict::new(format!("`{key}` has a primary key already"))
        });
        let names: Vec<Key> = match &constraint.kind {
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) if !constraint.no_inherit => {
                self.with_descendants(&key, only)
            }
            ConstraintKind::ForeignKey(_) if is_partitioned => self.with_descendants(&key, only),
            _ => vec![key],
        };
        for (n, table) in names.iter().enumerate() {
            if n == 0 || !self.has_check(table, constraint) {
                self.enter_constraint(table, constraint, columns.clone(), at);
            }
        }
        if is_partitioned && !only {
            self.spread_key(&names[0], constraint, &columns, at);
        }
        conflict.or(taken)
    }

    /// A CHECK that is added to a parent is one with that of its child.
    fn has_check(&self, table: &Key, constraint: &Constraint) -> bool {
        let name = constraint.name.as_ref().map_or("", |name| &name.name);
        let own = self.table_by_key(table).and_then(|t| t.constraint(name));
        own.is_some_and(|c| matches!(c.definition.kind, ConstraintKind::Check(_)))
    }

    /// The index behind a constraint has its name, and relations of a schema
    /// share their names (add_unique_name_taken, create_table_unique_name_taken).
    pub(super) fn index_is_taken(&self, table: &Key, constraint: &Constraint) -> Option<Conflict> {
        let makes_one = match &constraint.kind {
            ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
                key.using_index.is_none()
            }
            ConstraintKind::Exclude { .. } => true,
            _ => false,
        };
        let name = constraint.name.as_ref();
        let name = name.filter(|name| makes_one && !name.template)?;
        let index = Key::new(table.schema, name.name);
        let taken = self.relations.get(&index)?;
        Conflict::at(format!("`{index}` already exists"), taken.created_at())
    }

    /// A check that comes from a parent may be said of the child as well
    /// (add_check_inherited_name).
    pub fn is_inherited_check(&self, table: &Table, name: &str) -> bool {
        let above = table.partition.as_ref().map(|partition| &partition.of);
        table.inherits.iter().chain(above).any(|parent| {
            let parent = self.table_by_key(parent);
            let theirs = parent.and_then(|parent| parent.constraint(name));
            theirs.is_some_and(|c| matches!(c.definition.kind, ConstraintKind::Check(_)))
        })
    }

    /// The name that a constraint gets, behind a column or of the table, its own
    /// or the server's; `None` where too little is known of the table for that.
    pub fn name_for_constraint(
        &self,
        name: &ObjectName,
        constraint: &Constraint,
        behind: Option<Name>,
    ) -> Option<Name> {
        if let Some(name) = &constraint.name {
            return (!name.template).then_some(name.name);
        }
        let key = self.resolve(name);
        self.table_by_key(&key).filter(|table| table.is_known())?;
        let columns = self.columns_of(&key, &constraint.kind, behind);
        Some(self.constraint_name(&key, constraint, &columns, None))
    }

    /// The constraints of a new table. One index serves keys on the same
    /// columns: the first is kept, a primary key before all, with the first
    /// name that any of them has (`transformIndexConstraints` in the server's
    /// `parse_utilcmd.c`).
    pub(super) fn each_key_once<'c>(
        &self,
        key: &Key,
        create: &'c CreateTable,
    ) -> Vec<Cow<'c, Constraint>> {
        let constraints = &create.constraints;
        let is_primary = |c: &Constraint| matches!(c.kind, ConstraintKind::PrimaryKey(_));
        let index_of = |constraint: &Constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey(k) | ConstraintKind::Unique(k) => {
                let behind = constraint
                    .inline
                    .then(|| column_before(&create.columns, constraint));
                let columns = self.columns_of(key, &constraint.kind, behind.flatten());
                Some((
                    columns,
                    k.include.clone(),
                    k.nulls_not_distinct,
                    constraint.deferrable,
                ))
            }
            _ => None,
        };
        let mut kept: Vec<Cow<'c, Constraint>> = Vec::with_capacity(constraints.len());
        let mut indexes: FxHashMap<_, usize> = FxHashMap::default();
        let (primary, others): (Vec<_>, Vec<_>) = constraints.iter().partition(|c| is_primary(c));
        for constraint in primary.into_iter().chain(others) {
            let index = index_of(constraint);
            if let Some(at) = index.as_ref().and_then(|index| indexes.get(index)) {
                if kept[*at].name.is_none() && constraint.name.is_some() {
                    kept[*at].to_mut().name.clone_from(&constraint.name);
                }
                continue;
            }
            if let Some(index) = index {
                indexes.insert(index, kept.len());
            }
            kept.push(Cow::Borrowed(constraint));
        }
        kept
    }

    pub(super) fn enter_constraint(
        &mut self,
        key: &Key,
        constraint: &Constraint,
        mut columns: Vec<Name>,
        at: At,
    ) {
        let adopted = match &constraint.kind {
            ConstraintKind::PrimaryKey(k) | ConstraintKind::Unique(k) => k.using_index.as_ref(),
            _ => None,
        };
        let adopted = adopted.map(|name| Key::new(key.schema, name.name));
        if let Some(index) = adopted.as_ref().and_then(|k| self.index_by_key(k)) {
            columns = index.columns.clone();
        }
        let name = self.constraint_name(key, constraint, &columns, adopted.as_ref());
        let (references, referenced) = self.reference(key, constraint);
        let index = self.constraint_index(key, &name, constraint, &columns, adopted, at);
        let entry = TableConstraint {
            generated_name: constraint.name.is_none(),
            validated: !constraint.not_valid && !constraint.not_enforced,
            definition: constraint.clone(),
            index,
            references,
            referenced: referenced.into(),
            added_in: self.migration,
            columns,
            name,
        };
        if let ConstraintKind::Check(check) = &constraint.kind {
            self.note_calls(key, &check.text);
        }
        let not_null = matches!(constraint.kind, ConstraintKind::PrimaryKey(_))
            || (matches!(constraint.kind, ConstraintKind::NotNull(_)) && !constraint.not_valid);
        self.edit_table(key, |t| {
            if not_null {
                for column in &entry.columns {
                    t.edit_column(column, |c| c.not_null = true);
                }
            }
            if t.constraints.len() < MOST_COLUMNS {
                t.constraints.push(Arc::new(entry));
            } else {
                t.columns_known = false;
            }
        });
    }

    fn columns_of(&self, key: &Key, kind: &ConstraintKind, behind: Option<Name>) -> Vec<Name> {
        let own = |list: &Vec<Name>| match &behind {
            Some(column) if list.is_empty() => vec![*column],
            _ => list.clone(),
        };
        match kind {
            ConstraintKind::PrimaryKey(k) | ConstraintKind::Unique(k) => own(&k.columns),
            ConstraintKind::ForeignKey(fk) => own(&fk.columns),
            ConstraintKind::Exclude { columns, .. } => columns.clone(),
            ConstraintKind::NotNull(column) => vec![column.name],
            ConstraintKind::Check(expr) => {
                let mut columns = self.columns_in(key, expr);
                if let Some(column) = behind.filter(|c| !columns.contains(c)) {
                    columns.push(column);
                }
                columns
            }
        }
    }

    /// The columns of a table that an expression mentions.
    pub fn columns_in(&self, key: &Key, expr: &Expr) -> Vec<Name> {
        let Some(table) = self.table_by_key(key) else {
            return Vec::new();
        };
        let mut columns: Vec<Name> = Vec::new();
        for word in names_in(&expr.text) {
            let known = table.column(&word).is_some() || !table.columns_known;
            if known && !columns.contains(&word) {
                columns.push(word);
            }
        }
        columns
    }

    fn constraint_name(
        &self,
        key: &Key,
        constraint: &Constraint,
        columns: &[Name],
        adopted: Option<&Key>,
    ) -> Name {
        if let Some(name) = &constraint.name {
            return name.name;
        }
        if let Some(index) = adopted {
            return index.name;
        }
        let written = columns.iter().map(Name::as_str);
        let joined = match &constraint.kind {
            ConstraintKind::PrimaryKey(k) | ConstraintKind::Unique(k) => {
                names::joined_index(written, [], &k.include)
            }
            ConstraintKind::Exclude { .. } => names::joined_index(written, [], &[]),
            _ => names::joined(written),
        };
        let (second, label) = match &constraint.kind {
            ConstraintKind::PrimaryKey(_) => ("", "pkey"),
            ConstraintKind::Unique(_) => (joined.as_str(), "key"),
            ConstraintKind::ForeignKey(_) => (joined.as_str(), "fkey"),
            ConstraintKind::Exclude { .. } => (joined.as_str(), "excl"),
            ConstraintKind::NotNull(_) => (joined.as_str(), "not_null"),
            ConstraintKind::Check(_) if columns.len() == 1 => (joined.as_str(), "check"),
            ConstraintKind::Check(_) => ("", "check"),
        };
        let table = self.table_by_key(key);
        names::free_name(&key.name, second, label, |name| {
            table.is_some_and(|t| t.constraint(name).is_some())
                || self.relations.contains_key(&Key::new(key.schema, name))
        })
    }

    /// Ties a foreign key to the table it refers to.
    fn reference(&mut self, key: &Key, constraint: &Constraint) -> (Option<Key>, Vec<Name>) {
        let ConstraintKind::ForeignKey(fk) = &constraint.kind else {
            return (None, Vec::new());
        };
        self.assume_table(&fk.references);
        let target = self.resolve(&fk.references);
        let mut referenced = fk.referenced.clone();
        if referenced.is_empty()
            && let Some(primary) = self.table_by_key(&target).and_then(|t| t.primary_key())
        {
            referenced = primary.columns.clone();
        }
        let known = self.table_by_key(key).is_some_and(|t| {
            let mut references = t.constraints.iter().map(|c| &c.references);
            references.any(|known| known.as_ref() == Some(&target))
        });
        if !known {
            self.edit_table(&target, |t| t.referenced_by.push_few(*key));
        }
        (Some(target), referenced)
    }

    fn constraint_index(
        &mut self,
        key: &Key,
        name: &Name,
        constraint: &Constraint,
        columns: &[Name],
        adopted: Option<Key>,
        at: At,
    ) -> Option<Key> {
        let empty = KeyColumns::default();
        let (unique, columns_key) = match &constraint.kind {
            ConstraintKind::PrimaryKey(k) | ConstraintKind::Unique(k) => (true, k),
            ConstraintKind::Exclude { .. } => (false, &empty),
            _ => return None,
        };
        let index_key = Key::new(key.schema, *name);
        if let Some(old) = adopted {
            if old != index_key {
                self.rekey_index(&old, &index_key);
            }
            self.edit_index(&index_key, |i| i.constraint = Some(*name));
            return Some(index_key);
        }
        let index = Index {
            key: index_key,
            origin: self.origin(at),
            table: *key,
            unique,
            method: if unique { "btree" } else { "gist" }.into(),
            columns: columns.to_vec(),
            options: ThinVec::new(),
            include: columns_key.include.clone(),
            exprs: ThinVec::new(),
            predicate: None,
            nulls_not_distinct: columns_key.nulls_not_distinct,
            constraint: Some(*name),
            parameters: columns_key.parameters,
            parent: None,
            children: ThinVec::new(),
        };
        self.enter(index_key, Relation::Index(Arc::new(index)));
        self.edit_table(key, |t| add(&mut t.indexes, &index_key));
        Some(index_key)
    }

    pub(super) fn drop_constraint(
        &mut self,
        target: &Target,
        name: &Name,
        if_exists: bool,
        cascade: bool,
    ) -> Option<Conflict> {
        let missing = self.missing(&target.name, target.if_exists);
        let key = self.resolve(&target.name);
        let Some(table) = self.table_by_key(&key).cloned() else {
            return missing;
        };
        if table.constraint(name).is_none() {
            let of_not_null = name
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .ends_with("_not_null");
            let certain = table.columns_known && !if_exists && !of_not_null;
            return certain
                .then(|| Conflict::new(format!("`{key}` has no constraint `{name}`")))
                .flatten();
        }
        let rested_on = table.constraint(name).filter(|c| c.index.is_some());
        if let Some(gone) = rested_on.filter(|_| cascade) {
            for other in &table.referenced_by {
                self.drop_foreign_keys_where(other, &key, |key| same_set(key, &gone.columns));
            }
        }
        for table in self.with_descendants(&key, target.only) {
            self.remove_constraint(&table, name);
        }
        None
    }

    pub(super) fn remove_constraint(&mut self, key: &Key, name: &str) {
        let Some(constraint) = self
            .table_by_key(key)
            .and_then(|t| t.constraint(name).cloned())
        else {
            return;
        };
        if let Some(index) = &constraint.index {
            self.remove_relation(index, false);
        }
        if let Some(references) = &constraint.references {
            let last = self.table_by_key(key).is_some_and(|t| {
                t.constraints
                    .iter()
                    .filter(|c| c.references.as_ref() == Some(references))
                    .count()
                    == 1
            });
            if last {
                self.edit_table(references, |t| t.referenced_by.retain(|k| k != key));
            }
        }
        let not_null = match &constraint.definition.kind {
            ConstraintKind::NotNull(column) => Some(column.name),
            _ => None,
        };
        let gone = Gone {
            migration: self.migration,
            rule: GoneRule::Constraint(constraint.clone()),
            name: constraint.name,
            columns: constraint.columns.clone(),
        };
        self.edit_table(key, |t| {
            t.constraints.retain(|c| c.name != constraint.name);
            t.note_gone(gone);
            if let Some(column) = not_null {
                t.edit_column(&column, |c| c.not_null = false);
            }
        });
        self.rename_member(key, ObjectKind::Constraint, name, None);
    }

    /// Drops the foreign keys by which `table` refers to `target`, or to one
    /// column of it.
    pub(super) fn drop_foreign_keys_to(
        &mut self,
        table: &Key,
        target: &Key,
        column: Option<&Name>,
    ) {
        self.drop_foreign_keys_where(table, target, |referenced| {
            column.is_none_or(|column| referenced.contains(column))
        });
    }

    /// The same for those that refer to such columns.
    fn drop_foreign_keys_where(
        &mut self,
        table: &Key,
        target: &Key,
        refers: impl Fn(&[Name]) -> bool,
    ) {
        let names: Vec<Name> = self
            .table_by_key(table)
            .into_iter()
            .flat_map(|t| &t.constraints)
            .filter(|c| c.references.as_ref() == Some(target))
            .filter(|c| refers(&c.referenced))
            .map(|c| c.name)
            .collect();
        for name in names {
            self.remove_constraint(table, &name);
        }
    }

    pub(super) fn set_validated(&mut self, target: &Target, name: &str) {
        let key = self.resolve(&target.name);
        for table in self.with_descendants(&key, target.only) {
            self.edit_table(&table, |t| {
                let mut not_null = None;
                for constraint in &mut t.constraints {
                    if constraint.name == name {
                        let own = Arc::make_mut(constraint);
                        own.validated = true;
                        own.definition.not_valid = false;
                        own.definition.not_enforced = false;
                        if let ConstraintKind::NotNull(column) = &own.definition.kind {
                            not_null = Some(column.name);
                        }
                    }
                }
                if let Some(column) = not_null {
                    t.edit_column(&column, |c| c.not_null = true);
                }
            });
        }
    }

    pub(super) fn set_deferrable(
        &mut self,
        target: &Target,
        name: &str,
        deferrable: Option<bool>,
        deferred: Option<bool>,
    ) {
        let key = self.resolve(&target.name);
        self.edit_table(&key, |t| {
            for constraint in t.constraints.iter_mut().filter(|c| c.name == name) {
                let own = &mut Arc::make_mut(constraint).definition;
                own.deferrable = deferrable.unwrap_or(own.deferrable);
                own.deferred = deferred.unwrap_or(own.deferred) && own.deferrable;
            }
        });
    }

    /// Has another constraint of the table the name, or another relation that of
    /// the constraint's index (rename_constraint_to_taken_*)?
    fn constraint_name_taken(
        &self,
        table: &Key,
        constraint: &TableConstraint,
        to: &Name,
    ) -> Option<Conflict> {
        if self.table_by_key(table)?.constraint(to).is_some() {
            return Conflict::new(format!("`{table}` has a constraint `{to}` already"));
        }
        let index = constraint.index.as_ref()?;
        let key = Key::new(index.schema, *to);
        let taken = self.relations.get(&key)?.created_at()?;
        Conflict::at(format!("`{key}` already exists"), Some(taken))
    }

    pub(super) fn rename_constraint(
        &mut self,
        target: &Target,
        from: &Name,
        to: &Name,
    ) -> Option<Conflict> {
        let missing = self.missing(&target.name, target.if_exists);
        let key = self.resolve(&target.name);
        let constraint = self.table_by_key(&key)?.constraint(from).cloned();
        let Some(constraint) = constraint else {
            return missing;
        };
        if let Some(taken) = self.constraint_name_taken(&key, &constraint, to) {
            return Some(taken);
        }
        for table in self.with_descendants(&key, target.only) {
            self.edit_table(&table, |t| {
                for c in &mut t.constraints {
                    if c.name == *from {
                        let own = Arc::make_mut(c);
                        own.name = *to;
                        own.generated_name = false;
                    }
                }
            });
            self.rename_member(&table, ObjectKind::Constraint, from, Some(to));
        }
        if let Some(index) = &constraint.index {
            let new = Key::new(index.schema, *to);
            self.rekey_index(index, &new);
        }
        missing
    }
}

/// The column whose declaration an inline constraint stands behind.
fn column_before(columns: &[Arc<Column>], constraint: &Constraint) -> Option<Name> {
    let after = columns.partition_point(|c| c.span.start <= constraint.span.start);
    columns.get(after.checked_sub(1)?).map(|column| column.name)
}

/// An expression with one name put in another's place.
pub fn rename_in(expr: &Expr, from: &str, to: &str) -> Option<Expr> {
    let text: &str = &expr.text;
    let mut lexer = Lexer::new(text, Span::new(0, text.len() as u32));
    let mut out = String::new();
    let mut done = 0;
    while let Some(lexeme) = lexer.next() {
        let Lexeme::Token(token) = lexeme else {
            continue;
        };
        let word = token.span.of(text);
        let is_name = match token.kind {
            TokenKind::Word => word.eq_ignore_ascii_case(from),
            TokenKind::QuotedName => word.trim_matches('"') == from,
            _ => false,
        };
        if is_name {
            out.push_str(&text[done..token.span.start as usize]);
            out.push_str(to);
            done = token.span.end as usize;
        }
    }
    (done > 0).then(|| {
        out.push_str(&text[done..]);
        Expr {
            text: out.into(),
            span: expr.span,
        }
    })
}

/// Words that are most of what an expression holds besides, and that no name is
/// without quotes (manual, "SQL Key Words").
pub const RESERVED: &[&str] = &[
    "AND", "CASE", "ELSE", "END", "FALSE", "IN", "IS", "NOT", "NULL", "OR", "THEN", "TRUE", "WHEN",
];

/// Are these the same columns, in whatever order?
pub fn same_set(left: &[Name], right: &[Name]) -> bool {
    left.len() == right.len() && left.iter().all(|name| right.contains(name))
}

/// Names that an expression mentions, function names and qualifiers left out.
pub fn names_in(text: &str) -> impl Iterator<Item = Name> {
    let mut lexer = Lexer::new(text, Span::new(0, text.len() as u32));
    let mut tokens = std::iter::from_fn(move || {
        loop {
            if let Lexeme::Token(token) = lexer.next()? {
                return Some(token);
            }
        }
    })
    .peekable();
    std::iter::from_fn(move || {
        loop {
            let token = tokens.next()?;
            let word = token.span.of(text);
            match token.kind {
                TokenKind::Word => {
                    let call = tokens.peek().map(|t| t.kind) == Some(TokenKind::OpenParen);
                    let is = |reserved: &&str| token.is_word(text, reserved);
                    if !call && !RESERVED.iter().any(is) {
                        return Some(crate::statement::cursor::fold(word));
                    }
                }
                TokenKind::QuotedName => return Some(Name::from(word.trim_matches('"'))),
                _ => {}
            }
        }
    })
}
