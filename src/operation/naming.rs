//! What the text of a routine names, by words alone.
//!
//! A body may be in a language of statements that hold queries; here it is cut
//! into pieces at semicolons and at the words that begin a statement, and each
//! piece is asked which relations and columns stand in it. Strings and comments
//! name nothing.

use super::ObjectName;
use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// One piece of a body.
#[derive(Debug, Default)]
pub struct Piece {
    /// Relations, with the name that stands for them in the piece.
    pub relations: Vec<(ObjectName, Name)>,
    /// Columns with their qualifier.
    pub qualified: Vec<(Name, Name)>,
    /// Names without a qualifier that may be columns.
    pub plain: Vec<Name>,
    /// It has a subquery or a function in FROM, whose columns are not known.
    pub derived: bool,
}

/// What a body names.
#[derive(Debug, Default)]
pub struct Naming {
    pub pieces: Vec<Piece>,
    /// Queries of a WITH, and declared variables.
    pub own: Vec<Name>,
}

impl Naming {
    /// Is it a variable, or a query of a WITH, rather than a relation?
    pub fn is_own(&self, name: &ObjectName) -> bool {
        name.schema.is_none() && self.own.contains(&name.name)
    }
}

/// Reads the body of a routine.
pub fn read(body: &str) -> Naming {
    let mut tokens = Vec::new();
    tokens_into(body, Span::new(0, body.len() as u32), &mut tokens);
    let mut walk = Walk {
        cursor: Cursor::new(body, &tokens),
        piece: Piece::default(),
        naming: Naming::default(),
        declaring: false,
        begins: false,
        cases: 0,
    };
    while !walk.cursor.done() {
        walk.step();
    }
    walk.cut();
    walk.naming
}

struct Walk<'t> {
    cursor: Cursor<'t>,
    piece: Piece,
    naming: Naming,
    /// Between DECLARE and BEGIN …
    declaring: bool,
    /// … where a declaration begins.
    begins: bool,
    /// How many CASEs are open.
    cases: usize,
}

/// Words behind which another statement begins.
const BORDERS: &[&str] = &["THEN", "ELSE", "LOOP", "BEGIN"];

/// Words behind which a relation stands.
const BEFORE_RELATIONS: &[&str] = &["FROM", "JOIN", "USING", "UPDATE", "INTO", "TABLE", "VIEW"];

/// Words that cannot be an alias.
const NO_ALIAS: &[&str] = &[
    "SET",
    "WHERE",
    "ON",
    "USING",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "CROSS",
    "NATURAL",
    "GROUP",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "HAVING",
    "WINDOW",
    "RETURNING",
    "VALUES",
    "SELECT",
    "DEFAULT",
    "THEN",
    "LOOP",
    "ELSE",
    "END",
    "FROM",
    "TABLESAMPLE",
    "LATERAL",
    "AND",
    "OR",
    "WITH",
    "INTO",
    "STRICT",
    "AS",
    "ADD",
    "DROP",
    "ALTER",
    "RENAME",
];

impl Walk<'_> {
    fn cut(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        self.naming.pieces.push(piece);
    }

    fn step(&mut self) {
        if self.cursor.eat(TokenKind::Semicolon) {
            self.begins = true;
            self.cut();
        } else if self.cursor.eat_word("DECLARE") {
            (self.declaring, self.begins) = (true, true);
        } else if self.cursor.eat_word("CASE") {
            self.cases += 1;
        } else if self.cases > 0 && self.cursor.eat_word("END") {
            self.cases -= 1;
        } else if let Some(border) = self.cursor.eat_any(BORDERS) {
            self.declaring &= border != "BEGIN";
            if self.cases == 0 {
                self.cut();
            }
        } else if self.cursor.at_words(&["DISTINCT", "FROM"]) {
            self.cursor.bump();
            self.cursor.bump();
        } else if self.cursor.eat_any(&["FROM", "USING"]).is_some() {
            self.relation_list();
        } else if self.cursor.eat_any(BEFORE_RELATIONS).is_some() {
            self.cursor.eat_word("CONCURRENTLY");
            self.cursor.eat_if_exists();
            self.relation();
        } else {
            self.word();
        }
    }

    fn relation_list(&mut self) {
        loop {
            self.relation();
            if !self.cursor.eat(TokenKind::Comma) {
                return;
            }
        }
    }

    fn relation(&mut self) {
        self.cursor.eat_word("LATERAL");
        self.cursor.eat_word("ONLY");
        if self.cursor.at_kind(TokenKind::OpenParen) {
            self.piece.derived = true;
            return;
        }
        let mark = self.cursor.mark();
        let Some(name) = ObjectName::read(&mut self.cursor) else {
            return;
        };
        if self.cursor.at_kind(TokenKind::OpenParen) && !self.at_columns() {
            self.piece.derived = true;
            self.cursor.back_to(mark);
            return self.word();
        }
        let alias = self.alias().unwrap_or(name.name);
        self.piece.relations.push((name, alias));
    }

    /// `INSERT INTO t (a, b) VALUES`, not `FROM f(a, b)`.
    fn at_columns(&self) -> bool {
        let mut ahead = self.cursor.clone();
        ahead.group().is_some()
            && ahead.at_any(&["VALUES", "SELECT", "WITH", "OVERRIDING", "DEFAULT"])
    }

    fn alias(&mut self) -> Option<Name> {
        if self.cursor.eat_word("AS") || !self.cursor.at_any(NO_ALIAS) {
            return self.cursor.ident().map(|ident| ident.name);
        }
        None
    }

    fn word(&mut self) {
        let Some(first) = self.cursor.ident() else {
            self.cursor.bump();
            return;
        };
        let mut of = None;
        let mut last = first.name;
        while self.cursor.eat(TokenKind::Dot) {
            match self.cursor.ident() {
                Some(part) => of = Some(std::mem::replace(&mut last, part.name)),
                None => return,
            }
        }
        let own = self.begins_own_name();
        self.begins = self.cursor.at_kind(TokenKind::Semicolon);
        match of {
            _ if self.cursor.at_kind(TokenKind::OpenParen) && !own => {}
            Some(of) => self.piece.qualified.push((of, last)),
            None if own => self.naming.own.push(last),
            None => self.piece.plain.push(last),
        }
    }

    /// Behind a name: does it name a variable, or a query of a WITH?
    fn begins_own_name(&self) -> bool {
        let mut ahead = self.cursor.clone();
        if ahead.at_kind(TokenKind::OpenParen) {
            ahead.group();
        }
        let query = ahead.eat_word("AS")
            && (ahead.at_kind(TokenKind::OpenParen) || ahead.at_any(&["MATERIALIZED", "NOT"]));
        query || (self.declaring && self.begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str) -> String {
        let naming = read(body);
        let mut out = String::new();
        for piece in naming.pieces.iter().filter(|p| !p.relations.is_empty()) {
            for (relation, alias) in &piece.relations {
                out.push_str(&format!("{relation}={alias} "));
            }
            for (of, column) in &piece.qualified {
                out.push_str(&format!("{of}.{column} "));
            }
        }
        out.push_str(&naming.own.join(","));
        out.trim().to_owned()
    }

    #[test]
    fn relations_and_columns_of_bodies() {
        let table = [
            (
                "SELECT a.x FROM t a, s.u AS b WHERE b.y = 1",
                "t=a s.u=b a.x b.y",
            ),
            (
                "DECLARE n int; BEGIN UPDATE t SET a = n WHERE id = NEW.id; END",
                "t=t new.id n",
            ),
            ("WITH c AS (SELECT 1) SELECT * FROM c", "c=c c"),
            ("PERFORM pg_notify('t.a', 'from u'); -- from v", ""),
            ("INSERT INTO t (a, b) VALUES (1, 2)", "t=t"),
            ("DELETE FROM t USING u WHERE t.a = u.a", "t=t u=u t.a u.a"),
        ];
        for (body, expected) in table {
            assert_eq!(shown(body), expected, "{body}");
        }
    }
}
