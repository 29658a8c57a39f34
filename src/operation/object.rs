//! Names of objects, and what kinds of objects there are.

use std::borrow::Cow;
use std::fmt;

use super::RUN_TIME;
use crate::name::Name;
use crate::source::Span;
use crate::statement::cursor::{Cursor, Ident};
use crate::statement::lexer::{TokenKind, tokens_into};

/// A possibly qualified name. A database in front of the schema is dropped:
/// PostgreSQL accepts only the current one there.
#[derive(Clone, Debug)]
pub struct ObjectName {
    pub schema: Option<Name>,
    pub name: Name,
    /// The whole name; the last part of it is [`ObjectName::name_span`].
    pub span: Span,
    pub name_span: Span,
    /// Some part is a placeholder that a tool fills in.
    pub template: bool,
}

impl PartialEq for ObjectName {
    /// Names are equal by what they say, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema && self.name == other.name
    }
}

impl Eq for ObjectName {}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", without_markers(schema))?;
        }
        f.write_str(&without_markers(&self.name))
    }
}

/// A text for people, with `…` for each name that is only known at run time.
pub fn without_markers(text: &str) -> Cow<'_, str> {
    if !text.contains(RUN_TIME) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(RUN_TIME);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push('…');
        shown.push_str(part.split_once('}').map_or("", |(_, behind)| behind));
    }
    Cow::Owned(shown)
}

impl From<Ident> for ObjectName {
    fn from(ident: Ident) -> Self {
        Self {
            schema: None,
            name: ident.name,
            span: ident.span,
            name_span: ident.span,
            template: ident.template,
        }
    }
}

impl ObjectName {
    /// Reads `a`, `s.a` or `db.s.a`.
    pub fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut name = ObjectName::from(cursor.ident()?);
        while cursor.at_kind(TokenKind::Dot) {
            let mark = cursor.mark();
            cursor.bump();
            let Some(part) = cursor.ident() else {
                cursor.back_to(mark);
                break;
            };
            name.schema = Some(std::mem::replace(&mut name.name, part.name));
            name.name_span = part.span;
            name.span = name.span.to(part.span);
            name.template |= part.template;
        }
        Some(name)
    }

    /// A name that stands alone in a text.
    pub fn of_text(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        Self::read(&mut Cursor::new(text, &tokens))
    }

    /// `table.column` as COMMENT ON COLUMN and OWNED BY write it: the last
    /// part is taken off and returned as the column.
    pub fn split_column(self, text: &str) -> (Option<ObjectName>, Name) {
        let Some(schema) = self.schema else {
            return (None, self.name);
        };
        let whole = self.span.of(text);
        let parts: Vec<&str> = whole.split('.').collect();
        let outer = (parts.len() > 2)
            .then(|| crate::statement::cursor::fold(parts[parts.len() - 3].trim_matches('"')));
        let span = Span::new(self.span.start, self.name_span.start.saturating_sub(1));
        let table = ObjectName {
            schema: outer,
            name: schema,
            span,
            name_span: span,
            template: self.template,
        };
        (Some(table), self.name)
    }
}

/// The kinds of objects that DROP, ALTER … RENAME, COMMENT and GRANT name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ObjectKind {
    Table,
    #[strum(serialize = "foreign table")]
    ForeignTable,
    View,
    #[strum(serialize = "materialized view")]
    MaterializedView,
    Index,
    Sequence,
    Type,
    Domain,
    Schema,
    Database,
    Function,
    Procedure,
    /// `ROUTINE`: either of the two.
    Routine,
    Aggregate,
    Trigger,
    Policy,
    Rule,
    Extension,
    Collation,
    Column,
    Constraint,
    Role,
    Publication,
    Subscription,
    Statistics,
    #[strum(serialize = "event trigger")]
    EventTrigger,
    Cast,
    Operator,
    Tablespace,
    Language,
    #[strum(serialize = "text search object")]
    TextSearch,
    Server,
    #[strum(serialize = "large object")]
    LargeObject,
    Privileges,
    Other,
}

impl ObjectKind {
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Do rows live in it, or behind it?
    pub fn is_relation(self) -> bool {
        matches!(
            self,
            ObjectKind::Table
                | ObjectKind::ForeignTable
                | ObjectKind::View
                | ObjectKind::MaterializedView
        )
    }

    pub fn is_routine(self) -> bool {
        matches!(
            self,
            ObjectKind::Function
                | ObjectKind::Procedure
                | ObjectKind::Routine
                | ObjectKind::Aggregate
        )
    }

    /// Reads `TABLE`, `MATERIALIZED VIEW`, `TEXT SEARCH CONFIGURATION`, … as
    /// they stand behind CREATE, DROP, ALTER, COMMENT ON and GRANT … ON.
    pub fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        const KINDS: &[(&[&str], ObjectKind)] = &[
            (&["TABLE"], ObjectKind::Table),
            (&["FOREIGN", "TABLE"], ObjectKind::ForeignTable),
            (&["VIEW"], ObjectKind::View),
            (&["MATERIALIZED", "VIEW"], ObjectKind::MaterializedView),
            (&["INDEX"], ObjectKind::Index),
            (&["SEQUENCE"], ObjectKind::Sequence),
            (&["TYPE"], ObjectKind::Type),
            (&["DOMAIN"], ObjectKind::Domain),
            (&["SCHEMA"], ObjectKind::Schema),
            (&["DATABASE"], ObjectKind::Database),
            (&["FUNCTION"], ObjectKind::Function),
            (&["ROUTINE"], ObjectKind::Routine),
            (&["PROCEDURE"], ObjectKind::Procedure),
            (&["AGGREGATE"], ObjectKind::Aggregate),
            (&["TRIGGER"], ObjectKind::Trigger),
            (&["POLICY"], ObjectKind::Policy),
            (&["RULE"], ObjectKind::Rule),
            (&["EXTENSION"], ObjectKind::Extension),
            (&["COLLATION"], ObjectKind::Collation),
            (&["CONVERSION"], ObjectKind::Other),
            (&["COLUMN"], ObjectKind::Column),
            (&["CONSTRAINT"], ObjectKind::Constraint),
            (&["ROLE"], ObjectKind::Role),
            (&["USER", "MAPPING"], ObjectKind::Server),
            (&["USER"], ObjectKind::Role),
            (&["GROUP"], ObjectKind::Role),
            (&["PUBLICATION"], ObjectKind::Publication),
            (&["SUBSCRIPTION"], ObjectKind::Subscription),
            (&["STATISTICS"], ObjectKind::Statistics),
            (&["EVENT", "TRIGGER"], ObjectKind::EventTrigger),
            (&["CAST"], ObjectKind::Cast),
            (&["OPERATOR", "CLASS"], ObjectKind::Operator),
            (&["OPERATOR", "FAMILY"], ObjectKind::Operator),
            (&["OPERATOR"], ObjectKind::Operator),
            (&["TABLESPACE"], ObjectKind::Tablespace),
            (&["TRUSTED", "PROCEDURAL", "LANGUAGE"], ObjectKind::Language),
            (&["TRUSTED", "LANGUAGE"], ObjectKind::Language),
            (&["PROCEDURAL", "LANGUAGE"], ObjectKind::Language),
            (&["LANGUAGE"], ObjectKind::Language),
            (&["TRANSFORM"], ObjectKind::Other),
            (&["ACCESS", "METHOD"], ObjectKind::Other),
            (&["TEXT", "SEARCH", "CONFIGURATION"], ObjectKind::TextSearch),
            (&["TEXT", "SEARCH", "DICTIONARY"], ObjectKind::TextSearch),
            (&["TEXT", "SEARCH", "PARSER"], ObjectKind::TextSearch),
            (&["TEXT", "SEARCH", "TEMPLATE"], ObjectKind::TextSearch),
            (&["SERVER"], ObjectKind::Server),
            (&["FOREIGN", "SERVER"], ObjectKind::Server),
            (&["FOREIGN", "DATA", "WRAPPER"], ObjectKind::Server),
            (&["LARGE", "OBJECT"], ObjectKind::LargeObject),
            (&["DEFAULT", "PRIVILEGES"], ObjectKind::Privileges),
        ];
        KINDS
            .iter()
            .find(|(words, _)| cursor.eat_words(words))
            .map(|(_, kind)| *kind)
    }
}
