//! Do two queries of a view read the same? A text that was copied from a server
//! is in the server's own form: stars are columns, columns have their table,
//! what has no name is given one, casts stand behind.
//!
//! Queries that differ in a way that is neither known to be spelling nor known
//! to matter are told apart from both.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::Likeness;
use super::same::{is_name, words};
use crate::name::Name;
use crate::schema::{Key, View};

/// Texts of more bytes are compared word for word: the forms of a query are made
/// in steps that look at all of it.
const LONGEST: usize = 16 * 1024;

/// Holds the queries of two views against each other.
pub(super) fn likeness(a: &View, b: &View) -> Likeness {
    if a.query.len().max(b.query.len()) > LONGEST {
        return match words(&a.query) == words(&b.query) {
            true => Likeness::Same,
            false => Likeness::Unclear,
        };
    }
    let named = !a.columns.is_empty() && a.columns == b.columns;
    let (left, right) = (Text::of(a, named), Text::of(b, named));
    if a.query == b.query || left.reads_as(&right) {
        return Likeness::Same;
    }
    match left.differs_from(&right) || right.differs_from(&left) {
        true => Likeness::Different,
        false => Likeness::Unclear,
    }
}

/// A query in a form that spelling has little part in.
struct Text<'a> {
    view: &'a View,
    words: Vec<SmolStr>,
    /// CTEs and subqueries, with the names of their columns.
    inner: Vec<(SmolStr, Vec<SmolStr>)>,
}

impl<'a> Text<'a> {
    /// The columns of the view are known and need no names where `named`.
    fn of(view: &'a View, named: bool) -> Self {
        let words = without_parentheses(words(view.query.trim().trim_end_matches(';')));
        let mut words = ranges(values(paths(casts(words))));
        // These may be left out.
        words.retain(|w| !matches!(w.as_str(), "as" | "outer" | "inner" | "asc"));
        let mut text = Text {
            view,
            words,
            inner: Vec::new(),
        };
        text.leave_out_numbers();
        text.leave_out_names(named);
        text.note_inner();
        text
    }

    /// What the server calls `logs_1` is `logs` once more.
    fn leave_out_numbers(&mut self) {
        let mut at = 1;
        while at < self.words.len() {
            let (of, name) = (last(&self.words[at - 1]), self.words[at].clone());
            let number = name.strip_prefix(of).and_then(|n| n.strip_prefix('_'));
            let is_numbered = is_name(of) && number.is_some_and(is_number);
            if !is_numbered {
                at += 1;
                continue;
            }
            let (of, qualified) = (SmolStr::new(of), format!("{name}."));
            self.words.remove(at);
            for word in &mut self.words {
                if let Some(column) = word.strip_prefix(&qualified) {
                    *word = format!("{of}.{column}").into();
                }
            }
        }
    }

    /// The names of columns go where the server would give them the same, and of
    /// the outermost columns where they are known to be the same.
    fn leave_out_names(&mut self, named: bool) {
        // From behind, so that what is left out moves nothing that comes later.
        for at in self.selects().into_iter().rev() {
            let opened = self.words[..at].iter().filter(|w| *w == "(").count();
            let closed = self.words[..at].iter().filter(|w| *w == ")").count();
            for (start, end) in self.items(at).into_iter().rev() {
                let item = &self.words[start..end];
                let Some(given) = given_name(item) else {
                    continue;
                };
                let is_own = given == "?column?" || own_name(item).as_ref() == Some(&given);
                if is_own || named && opened == closed {
                    self.words.remove(end - 1);
                }
            }
        }
    }

    fn selects(&self) -> Vec<usize> {
        let words = self.words.iter().enumerate();
        let selects = words.filter(|(_, word)| *word == "select");
        selects.map(|(at, _)| at).collect()
    }

    /// Notes the columns of CTEs and subqueries.
    fn note_inner(&mut self) {
        for at in self.selects() {
            if at == 0 || self.words[at - 1] != "(" {
                continue;
            }
            let mut columns: Vec<SmolStr> = Vec::new();
            for (start, end) in self.items(at) {
                let item = &self.words[start..end];
                match self.star_columns(start).filter(|_| item.len() == 1) {
                    Some(all) => columns.extend(all),
                    None => columns.push(given_name(item).or(own_name(item)).unwrap_or_default()),
                }
            }
            let behind = self
                .close_of(at)
                .and_then(|close| self.words.get(close + 1));
            let before = at.checked_sub(2).and_then(|at| self.words.get(at));
            let names = [before, behind].into_iter().flatten();
            let names: Vec<SmolStr> = names.filter(|name| is_name(name)).cloned().collect();
            for name in names {
                self.inner.push((name, columns.clone()));
            }
        }
    }

    /// Where the expressions of a SELECT begin and end.
    fn items(&self, select: usize) -> Vec<(usize, usize)> {
        let word = |at: usize| self.words.get(at).map_or("", SmolStr::as_str);
        let mut start = select + 1;
        if word(start) == "distinct" {
            start += 1;
            if word(start) == "on" && word(start + 1) == "(" {
                start = self.close_of(start + 2).map_or(start, |close| close + 1);
            }
        }
        let (mut items, mut depth) = (Vec::new(), 0_usize);
        let mut at = start;
        while at < self.words.len() {
            match word(at) {
                "(" | "[" => depth += 1,
                ")" | "]" if depth == 0 => break,
                ")" | "]" => depth -= 1,
                "," if depth == 0 => {
                    items.push((start, at));
                    start = at + 1;
                }
                "from" if word(at - 1) == "distinct" => {}
                "from" if depth == 0 => break,
                end if depth == 0 && END.contains(&end) => break,
                _ => {}
            }
            at += 1;
        }
        items.push((start, at));
        items.retain(|(start, end)| start < end);
        items
    }

    /// The parenthesis that closes the one that a place stands in.
    fn close_of(&self, inside: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in inside..self.words.len() {
            match self.words[at].as_str() {
                "(" => depth += 1,
                ")" if depth == 0 => return Some(at),
                ")" => depth -= 1,
                _ => {}
            }
        }
        None
    }

    fn reads_as(&self, other: &Text<'_>) -> bool {
        let (mut a, mut b) = (0, 0);
        while a < self.words.len() && b < other.words.len() {
            if same_path(&self.words[a], &other.words[b]) {
                (a, b) = (a + 1, b + 1);
            } else if let Some(run) = self.star(a, &other.words[b..]) {
                (a, b) = (a + 1, b + run);
            } else if let Some(run) = other.star(b, &self.words[a..]) {
                (a, b) = (a + run, b + 1);
            } else {
                return false;
            }
        }
        a == self.words.len() && b == other.words.len()
    }

    /// How many of the words are what a star stands for.
    fn star(&self, at: usize, words: &[SmolStr]) -> Option<usize> {
        let mut wanted = self.star_columns(at)?;
        let run = (wanted.len() * 2).checked_sub(1)?;
        let mut found: Vec<SmolStr> = Vec::new();
        for (n, word) in words.get(..run)?.iter().enumerate() {
            match n % 2 {
                0 => found.push(last(word).into()),
                _ if word != "," => return None,
                _ => {}
            }
        }
        wanted.sort_unstable();
        found.sort_unstable();
        (wanted == found).then_some(run)
    }

    /// The columns that the star at a place stands for.
    fn star_columns(&self, at: usize) -> Option<Vec<SmolStr>> {
        let of = match self.words[at].strip_suffix('*')? {
            "" => None,
            of => Some(of.strip_suffix('.')?),
        };
        let mut columns: Vec<SmolStr> = Vec::new();
        for (name, relation) in self.sources(at) {
            if of.is_none_or(|of| of == name) {
                columns.extend(self.columns_of(&relation)?);
            }
        }
        (!columns.is_empty()).then_some(columns)
    }

    /// What stands behind the FROM of the SELECT that a place is in: how it is
    /// called, and what it is.
    fn sources(&self, at: usize) -> Vec<(SmolStr, SmolStr)> {
        // What stands behind a relation that has no other name.
        const NO_NAME: &[&str] = &[
            "cross", "full", "join", "left", "natural", "on", "right", "using", "window",
        ];
        let is_alias = |word: &&SmolStr| {
            let word = word.as_str();
            is_plain_name(word) && !NO_NAME.contains(&word) && !END.contains(&word)
        };
        let (mut found, mut depth, mut begun) = (Vec::new(), 0_usize, false);
        for (at, word) in self.words.iter().enumerate().skip(at) {
            match word.as_str() {
                "(" => depth += 1,
                ")" if depth == 0 => break,
                ")" => depth -= 1,
                end if depth == 0 && END.contains(&end) => break,
                _ => {}
            }
            begun |= depth == 0 && word == "from";
            let is_source = depth == 0 && begun && matches!(word.as_str(), "from" | "join" | ",");
            let Some(mut relation) = self.words.get(at + 1).filter(|_| is_source) else {
                continue;
            };
            let mut behind = at + 2;
            if relation == "(" {
                let name = self.close_of(behind).map(|close| close + 1);
                let Some(name) = name.filter(|at| *at < self.words.len()) else {
                    continue;
                };
                (relation, behind) = (&self.words[name], name + 1);
            }
            let alias = self.words.get(behind).filter(is_alias);
            let name = alias.map_or_else(|| last(relation).into(), SmolStr::clone);
            found.push((name, relation.clone()));
        }
        found
    }

    /// The columns that a star over a relation stands for: of a table all that
    /// it had when the view was made.
    fn columns_of(&self, relation: &str) -> Option<Vec<SmolStr>> {
        if let Some((_, columns)) = self.inner.iter().find(|(name, _)| name == relation) {
            return Some(columns.clone());
        }
        let mut uses = self.view.uses.iter();
        let used = uses.find(|used| used.relation.name == last(relation) && !used.all)?;
        Some(used.columns.iter().map(|c| c.as_str().into()).collect())
    }

    /// Does it name what the other cannot mean, however it is written?
    fn differs_from(&self, other: &Text<'_>) -> bool {
        let has = |word: &str| other.words.iter().any(|w| last(w) == word);
        let has_star = other.words.iter().any(|w| w == "*" || w.ends_with(".*"));
        let used_by_other = |key: &Key| other.view.uses.iter().find(|u| u.relation == *key);
        for used in &self.view.uses {
            let Some(theirs) = used_by_other(&used.relation) else {
                if !has(&used.relation.name) {
                    return true;
                }
                continue;
            };
            let is_alone = |column: &Name| !theirs.columns.contains(column) && !has(column);
            if !used.all && !theirs.all && !has_star && used.columns.iter().any(is_alone) {
                return true;
            }
        }
        self.facts().iter().any(|fact| !has(fact)) || self.counted() != other.counted()
    }

    /// Constants, and the names of what is called.
    fn facts(&self) -> BTreeSet<&str> {
        // The server calls these by other names, or they are no calls at all.
        const REWRITTEN: &[&str] = &[
            "array",
            "btrim",
            "cast",
            "date_part",
            "exists",
            "extract",
            "filter",
            "from",
            "in",
            "lateral",
            "ltrim",
            "not",
            "on",
            "over",
            "overlay",
            "position",
            "recursive",
            "row",
            "rtrim",
            "some",
            "strpos",
            "substr",
            "substring",
            "timezone",
            "trim",
            "using",
            "values",
            "with",
            "within",
        ];
        let mut facts = BTreeSet::new();
        // `ORDER BY 2` is written out.
        let mut by = false;
        for (at, word) in self.words.iter().enumerate() {
            by = match word.as_str() {
                "by" => true,
                "," => by,
                number if is_number(number) => by,
                _ => false,
            };
            let is_called = self.words.get(at + 1).is_some_and(|next| next == "(");
            let in_list = at > 0 && matches!(self.words[at - 1].as_str(), "from" | "join" | "with");
            let is_fact = match word.as_bytes().first() {
                Some(b'\'') => word[1..].starts_with(|c: char| c.is_alphabetic() || c == '%'),
                Some(b'0'..=b'9') => !by,
                _ => is_called && !in_list && is_plain_name(word) && !REWRITTEN.contains(&&**word),
            };
            if is_fact {
                facts.insert(last(word));
            }
        }
        facts
    }

    /// Operators and words that the server neither adds nor takes away, sorted.
    fn counted(&self) -> Vec<&str> {
        const COUNTED: &[&str] = &[
            "+",
            "-",
            "/",
            "||",
            "->",
            "->>",
            "<",
            ">",
            "<=",
            ">=",
            "like",
            "ilike",
            "or",
            "left",
            "right",
            "full",
            "union",
            "except",
            "intersect",
            "case",
            "exists",
            "desc",
            "having",
            "distinct",
        ];
        let mut found = Vec::new();
        for word in &self.words {
            match word.as_str() {
                word if COUNTED.contains(&word) => found.push(word),
                _ => {}
            }
        }
        found.sort_unstable();
        found
    }
}

/// What ends the relations of a SELECT.
const END: &[&str] = &[
    "where",
    "group",
    "union",
    "except",
    "intersect",
    "order",
    "limit",
    "having",
    "offset",
    "fetch",
    "window",
];

/// `(SELECT …)` as a whole.
fn without_parentheses(mut words: Vec<SmolStr>) -> Vec<SmolStr> {
    while words.first().is_some_and(|word| word == "(") && closes(&words) == Some(words.len() - 1) {
        words.pop();
        words.remove(0);
    }
    words
}

/// Where the first parenthesis is closed.
fn closes(words: &[SmolStr]) -> Option<usize> {
    let mut depth = 0usize;
    words.iter().position(|word| {
        depth = match word.as_str() {
            "(" => depth + 1,
            ")" => depth.saturating_sub(1),
            _ => depth,
        };
        depth == 0
    })
}

/// `a . b` as one word.
fn paths(words: Vec<SmolStr>) -> Vec<SmolStr> {
    let mut paths: Vec<SmolStr> = Vec::new();
    let mut joins = false;
    for word in words {
        match paths.last_mut() {
            Some(path) if joins || word == "." && is_name(path) => {
                *path = format!("{path}{word}").into();
                joins = word == ".";
            }
            _ => {
                joins = false;
                paths.push(word);
            }
        }
    }
    paths
}

/// Constants, calls and lists as the server writes them.
fn values(words: Vec<SmolStr>) -> Vec<SmolStr> {
    const TYPES: &[&str] = &[
        "date",
        "interval",
        "time",
        "timestamp",
        "timestamptz",
        "uuid",
    ];
    let mut found: Vec<SmolStr> = Vec::new();
    let mut n = 0;
    while n < words.len() {
        let at = |n: usize| words.get(n).map_or("", SmolStr::as_str);
        match (at(n), at(n + 1)) {
            ("extract", "(") if at(n + 3) == "from" => {
                let field = at(n + 2).trim_matches('\'');
                let field = format!("'{field}'").into();
                found.extend(["date_part".into(), "(".into(), field, ",".into()]);
                n += 4;
                continue;
            }
            ("in", one) if is_constant(one) && at(n + 2) != "," => {
                let negated = found.last().is_some_and(|w| w == "not");
                if negated {
                    found.pop();
                }
                found.push(if negated { "<>" } else { "=" }.into());
            }
            // `interval '1 day'` is `'1 day'::interval`.
            (word, one) if TYPES.contains(&word) && one.starts_with('\'') => {}
            (word, _) if word.starts_with('\'') && word.ends_with('\'') && word.len() > 1 => {
                constant(&word[1..word.len() - 1], &mut found);
            }
            (word, _) => found.push(word.into()),
        }
        n += 1;
    }
    found
}

/// A constant between quotes: numbers need none, and of a day or a span of time
/// the server has a form of its own.
fn constant(text: &str, found: &mut Vec<SmolStr>) {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if is_number(digits) {
        if digits != text {
            found.push("-".into());
        }
        return found.push(digits.into());
    }
    let plain = moment(text).or_else(|| span_of_time(text));
    let plain = plain.as_deref().unwrap_or(text);
    found.push(format!("'{plain}'").into());
}

/// A day, with the time where it is not midnight; UTC goes without saying.
fn moment(text: &str) -> Option<String> {
    let is_day = |day: &str| {
        let bytes = day.as_bytes().iter().enumerate();
        day.len() == 10 && { bytes }.all(|(n, b)| matches!(n, 4 | 7) == (*b == b'-'))
    };
    let (day, rest) = text.split_at_checked(10)?;
    if !is_day(day) || !day.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', 'T']);
    let zones = ["+00:00", "+00", "Z", " UTC"];
    let zone = zones.iter().find_map(|zone| rest.strip_suffix(zone));
    let (hours, minutes, seconds) = clock(zone.unwrap_or(rest))?;
    Some(match (hours, minutes, seconds) {
        (0, 0, 0.0) => day.to_owned(),
        _ => format!("{day} {hours}:{minutes}:{seconds}"),
    })
}

/// `10:30`, `10:30:00.5`, or nothing.
fn clock(text: &str) -> Option<(u32, u32, f64)> {
    if text.is_empty() {
        return Some((0, 0, 0.0));
    }
    let mut parts = text.split(':');
    let hours = parts.next()?.parse().ok()?;
    let minutes = parts.next()?.parse().ok()?;
    let seconds = parts.next().map_or(Some(0.0), |s| s.parse().ok())?;
    parts.next().is_none().then_some((hours, minutes, seconds))
}

/// Months, days and seconds.
pub(super) fn span_of_time(text: &str) -> Option<String> {
    let (mut months, mut days, mut seconds) = (0.0, 0.0, 0.0);
    let mut words = text.split_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        if word.contains(':') {
            let (h, m, s) = clock(word)?;
            seconds += f64::from(h) * 3600.0 + f64::from(m) * 60.0 + s;
            continue;
        }
        let unit = word.trim_start_matches(|c: char| !c.is_alphabetic());
        let number: f64 = word[..word.len() - unit.len()].parse().ok()?;
        let unit = if unit.is_empty() { words.next()? } else { unit };
        let unit = unit.to_lowercase();
        match unit.strip_suffix('s').unwrap_or(&unit) {
            "year" => months += number * 12.0,
            "month" | "mon" => months += number,
            "week" => days += number * 7.0,
            "day" => days += number,
            "hour" | "hr" | "h" => seconds += number * 3600.0,
            "minute" | "min" | "m" => seconds += number * 60.0,
            "second" | "sec" | "" => seconds += number,
            _ => return None,
        }
    }
    Some(format!("{months} months {days} days {seconds} seconds"))
}

/// `cast(x AS t)` is `x`, as is `x::t`.
fn casts(mut words: Vec<SmolStr>) -> Vec<SmolStr> {
    let mut at = 0;
    while at + 1 < words.len() {
        if words[at] != "cast" || words[at + 1] != "(" {
            at += 1;
            continue;
        }
        let (mut depth, mut ty, mut close) = (0_usize, None, None);
        for (n, word) in words.iter().enumerate().skip(at + 2) {
            match word.as_str() {
                "(" => depth += 1,
                ")" if depth == 0 => {
                    close = Some(n);
                    break;
                }
                ")" => depth -= 1,
                "as" if depth == 0 => ty = Some(n),
                _ => {}
            }
        }
        let (Some(ty), Some(close)) = (ty, close) else {
            at += 1;
            continue;
        };
        words.drain(ty..=close);
        words.drain(at..at + 2);
    }
    words
}

/// `x BETWEEN a AND b` is `x >= a AND x <= b`.
fn ranges(mut words: Vec<SmolStr>) -> Vec<SmolStr> {
    while let Some(at) = words.iter().position(|w| w == "between") {
        let negated = at > 0 && words[at - 1] == "not";
        let end = at - usize::from(negated);
        let Some(start) = operand_before(&words, end) else {
            return words;
        };
        let (mut depth, mut and) = (0_i32, None);
        for (n, word) in words.iter().enumerate().skip(at) {
            depth += i32::from(word == "(") - i32::from(word == ")");
            if depth == 0 && word == "and" {
                and = Some(n);
                break;
            }
        }
        let (Some(and), false) = (and, words[at + 1] == "symmetric") else {
            return words;
        };
        let operand = words[start..end].to_vec();
        let (from, both, to) = match negated {
            true => ("<", "or", ">"),
            false => (">=", "and", "<="),
        };
        let upper = [both.into()].into_iter().chain(operand);
        words.splice(and..=and, upper.chain([to.into()]));
        words.splice(end..=at, [from.into()]);
    }
    words
}

/// Where the operand in front of a place begins: a name, a constant or a call.
fn operand_before(words: &[SmolStr], end: usize) -> Option<usize> {
    let at = end.checked_sub(1)?;
    if words[at] != ")" {
        return (is_name(&words[at]) || is_constant(&words[at])).then_some(at);
    }
    let mut depth = 0_usize;
    for at in (0..=at).rev() {
        match words[at].as_str() {
            ")" => depth += 1,
            "(" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let is_call = at > 0 && is_plain_name(&words[at - 1]);
            return Some(if is_call { at - 1 } else { at });
        }
    }
    None
}

/// The name that the server gives to the column of an expression.
fn own_name(item: &[SmolStr]) -> Option<SmolStr> {
    let item = match given_name(item) {
        Some(_) => &item[..item.len() - 1],
        None => item,
    };
    match item {
        [path] if is_name(path) => Some(last(path).into()),
        [name, open, ..] if is_name(name) && open == "(" => Some(last(name).into()),
        [case, ..] if case == "case" => Some("case".into()),
        _ => None,
    }
}

/// The name that an expression is given behind it.
fn given_name(item: &[SmolStr]) -> Option<SmolStr> {
    // No operand ends with these.
    const OPEN: &[&str] = &[
        "all", "and", "any", "between", "by", "case", "collate", "distinct", "else", "from",
        "ilike", "in", "is", "like", "not", "on", "or", "over", "select", "similar", "some",
        "then", "to", "when", "zone",
    ];
    const NO_NAME: &[&str] = &[
        "end", "false", "isnull", "notnull", "null", "true", "unknown",
    ];
    let [.., before, name] = item else {
        return None;
    };
    let ends = before == ")" || before == "]" || is_constant(before) || is_name(before);
    let is_name = name == "?column?" || is_plain_name(name) && !NO_NAME.contains(&name.as_str());
    (ends && is_name && !OPEN.contains(&before.as_str())).then(|| name.clone())
}

/// A name without the one that it is qualified by.
fn last(word: &str) -> &str {
    match is_name(word) {
        true => word.rsplit('.').next().unwrap_or(word),
        false => word,
    }
}

/// The same name, which one of the two may qualify.
fn same_path(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    match long.strip_suffix(short) {
        Some("") => true,
        Some(of) => is_name(of) && of.ends_with('.') && (is_name(short) || short == "*"),
        None => false,
    }
}

fn is_plain_name(word: &str) -> bool {
    is_name(word) && !word.contains(['.', '\''])
}

fn is_number(word: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(is_digit)
}

fn is_constant(word: &str) -> bool {
    word.starts_with('\'') || is_number(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation;
    use crate::schema::Schema;
    use crate::source::Span;
    use crate::statement::{SplitOptions, split};

    /// What two queries of a view over tables of a shop are to each other.
    fn compared(a: &str, b: &str) -> Likeness {
        let view = |query: &str| {
            let text = format!(
                "CREATE TABLE logs (id bigint, kind text, at timestamptz, n int);
                 CREATE TABLE teams (id bigint, name text);
                 CREATE VIEW v AS {query};"
            );
            let whole = Span::new(0, text.len() as u32);
            let (mut schema, mut tokens) = (Schema::default(), Vec::new());
            for raw in &split(&text, whole, SplitOptions::default()).statements {
                for operation in &operation::read(&text, raw, &mut tokens).operations {
                    schema.apply(operation, 0);
                }
            }
            let view = schema.view_by_key(&Key::public("v"));
            view.cloned().expect(query)
        };
        likeness(&view(a), &view(b))
    }

    #[test]
    fn the_form_of_the_server_reads_the_same() {
        let table = [
            (
                "select l.* from logs l",
                "SELECT l.id, l.kind, l.at, l.n FROM logs l",
            ),
            (
                "select * from logs",
                "SELECT logs.id, logs.kind, logs.at, logs.n FROM logs;",
            ),
            (
                "select l.*, t.name from logs l, teams t",
                "SELECT l.id, l.kind, l.at, l.n, t.name FROM logs l, teams t",
            ),
            (
                "select id from logs l where kind not like '%a%'",
                "SELECT l.id FROM logs l WHERE (l.kind !~~ '%a%'::text)",
            ),
            (
                "select id, max(n) from logs group by id",
                "SELECT logs.id, max(logs.n) AS max FROM logs GROUP BY logs.id",
            ),
            (
                "select id from (select id, max(n) from logs group by id) x",
                "SELECT x.id FROM ( SELECT logs.id, max(logs.n) AS max FROM logs GROUP BY logs.id) x",
            ),
            (
                "select id from logs where at >= '2024-01-01'",
                "SELECT id FROM logs WHERE (at >= '2024-01-01 00:00:00+00'::timestamp with time zone)",
            ),
            (
                "select id from logs where at > now() - interval '1 day'",
                "SELECT id FROM logs WHERE (at > (now() - '1 day'::interval))",
            ),
            (
                "select id from logs where at > now() - interval '36 hours'",
                "SELECT id FROM logs WHERE (at > (now() - '36:00:00'::interval))",
            ),
            (
                "select id from logs group by id having count(*) > 1",
                "SELECT logs.id FROM logs GROUP BY logs.id HAVING (count(*) > 1)",
            ),
            (
                "select cast(id as text) as a, n::int4 as b, kind::varchar(20) c from logs",
                "SELECT (id)::text AS a, n AS b, (kind)::character varying(20) AS c FROM logs",
            ),
            (
                "with c as (select id, kind from logs) select * from c union all select * from c",
                "WITH c AS ( SELECT logs.id, logs.kind FROM logs) SELECT c.id, c.kind FROM c UNION ALL SELECT c.id, c.kind FROM c",
            ),
            (
                "select l.id, name from logs l join teams t on t.id = l.id",
                "SELECT l.id, t.name FROM (logs l JOIN teams t ON ((t.id = l.id)))",
            ),
            (
                "select id from logs where n between 1 and 2 and lower(kind) between 'a' and 'b'",
                "SELECT id FROM logs WHERE (((n >= 1) AND (n <= 2)) AND ((lower(kind) >= 'a'::text) AND (lower(kind) <= 'b'::text)))",
            ),
            (
                "with p as (select id, kind from logs), q as (select * from p union all select id, kind from logs) select a.* from q a",
                "WITH p AS (SELECT logs.id, logs.kind FROM logs), q AS (SELECT p.id, p.kind FROM p UNION ALL SELECT logs.id, logs.kind FROM logs) SELECT a.id, a.kind FROM q a",
            ),
            (
                "select id from logs where n = (select max(n) from logs)",
                "SELECT logs.id FROM logs WHERE (logs.n = ( SELECT max(logs_1.n) AS max FROM logs logs_1))",
            ),
            (
                "select id from logs where kind in ('a')",
                "SELECT id FROM logs WHERE (kind = 'a'::text)",
            ),
            (
                "select id from logs where n > -1",
                "SELECT id FROM logs WHERE (n > '-1'::integer)",
            ),
            (
                "select distinct on (kind) id, kind from logs order by kind, at desc",
                "SELECT DISTINCT ON (logs.kind) logs.id, logs.kind FROM logs ORDER BY logs.kind, logs.at DESC",
            ),
            (
                "select 'x' as kind, n + 1 from logs",
                "SELECT 'x'::text AS kind, (logs.n + 1) AS \"?column?\" FROM logs",
            ),
            ("((select id from logs))", "SELECT logs.id FROM logs"),
        ];
        for (a, b) in table {
            assert_eq!(compared(a, b), Likeness::Same, "{a}");
            assert_eq!(compared(b, a), Likeness::Same, "{a}");
        }
    }

    #[test]
    fn what_spelling_cannot_change_is_a_difference() {
        let table = [
            ("select id from logs", "select id from teams"),
            (
                "select id from logs",
                "select id from logs where kind = 'a'",
            ),
            (
                "select id from logs where kind = 'a'",
                "select id from logs where kind = 'b'",
            ),
            ("select id, n from logs", "select id, kind as n from logs"),
            (
                "select id from logs where n > 5",
                "select id from logs where n >= 5",
            ),
            (
                "select id from logs where n > 5",
                "select id from logs where n > 6",
            ),
            (
                "select max(n) as n from logs",
                "select min(n) as n from logs",
            ),
            (
                "select l.id from logs l join teams t on t.id = l.id",
                "select l.id from logs l left join teams t on t.id = l.id",
            ),
        ];
        for (a, b) in table {
            assert_eq!(compared(a, b), Likeness::Different, "{a}");
        }
    }

    #[test]
    fn what_nobody_can_tell_is_unclear() {
        let table = [
            (
                "select id from logs where kind = 'a' and n = 1",
                "select id from logs where n = 1 and kind = 'a'",
            ),
            (
                "select id, kind from logs order by 2",
                "select id, kind from logs order by kind",
            ),
            (
                "select trim(kind) as k from logs",
                "select btrim(kind) as k from logs",
            ),
        ];
        for (a, b) in table {
            assert_eq!(compared(a, b), Likeness::Unclear, "{a}");
        }
    }

    #[test]
    fn long_queries_are_compared_word_for_word() {
        let long = |of: &str| {
            let terms: Vec<String> = (0..3_000).map(|n| format!("{of} = {n}")).collect();
            format!("SELECT a FROM t WHERE {}", terms.join(" OR "))
        };
        assert_eq!(compared(&long("a"), &long("a ")), Likeness::Same);
        assert_eq!(compared(&long("a"), &long("t.a")), Likeness::Unclear);
    }
}
