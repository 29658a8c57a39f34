//! What was measured, as tables: tab-separated text in `data/`, read on first
//! use. A behaviour that is a plain mapping is a row there, not code here.

use std::ops::Range;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::effect::LockMode;
use crate::operation::ObjectKind;

/// The rows of a table, cut into `N` cells; missing cells are empty.
fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .skip(1)
        .map(|line| {
            let mut cells = [""; N];
            for (cell, value) in cells.iter_mut().zip(line.split('\t')) {
                *cell = value;
            }
            cells
        })
}

/// Is `version` in `13-18`, `18` or the empty string, which means all?
fn holds(versions: &str, version: u8) -> bool {
    let (first, last) = versions.split_once('-').unwrap_or((versions, versions));
    let bound = |text: &str| text.parse::<u8>().ok();
    bound(first).is_none_or(|v| v <= version) && bound(last).is_none_or(|v| version <= v)
}

fn lock_mode(name: &str) -> LockMode {
    use LockMode::*;
    [
        AccessShare,
        RowShare,
        RowExclusive,
        ShareUpdateExclusive,
        Share,
        ShareRowExclusive,
        Exclusive,
    ]
    .into_iter()
    .find(|mode| mode.pg_name().strip_suffix("Lock") == Some(name))
    .unwrap_or(AccessExclusive)
}

/// How far an action goes below the table that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Children {
    No,
    /// Partitions, not children by inheritance.
    Partitions,
    /// All, unless the statement says ONLY.
    Yes,
    /// All, even then.
    Always,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct TableAction {
    pub lock: LockMode,
    pub children: Children,
    /// The kinds of relations that take it.
    pub on: &'static [ObjectKind],
}

/// The lists of kinds that stand in `alter_table.tsv`.
const KINDS: &[(&str, &[ObjectKind])] = {
    use ObjectKind::{ForeignTable, Index, MaterializedView, Sequence, Table, View};
    &[
        ("", &[Table, ForeignTable]),
        ("t", &[Table]),
        ("tfv", &[Table, ForeignTable, View]),
        ("tm", &[Table, MaterializedView]),
        ("tfm", &[Table, ForeignTable, MaterializedView]),
        ("tfmi", &[Table, ForeignTable, MaterializedView, Index]),
        (
            "tfvmi",
            &[Table, ForeignTable, View, MaterializedView, Index],
        ),
        ("ts", &[Table, Sequence]),
    ]
};

static TABLE_ACTIONS: LazyLock<FxHashMap<&str, TableAction>> = LazyLock::new(|| {
    rows::<5>(include_str!("data/alter_table.tsv"))
        .map(|[action, lock, children, on, _source]| {
            let children = match children {
                "all" => Children::Always,
                "yes" => Children::Yes,
                "partitions" => Children::Partitions,
                _ => Children::No,
            };
            let lock = lock_mode(lock);
            let on = KINDS.iter().find(|(letters, _)| *letters == on);
            let on = on.map_or(&[][..], |(_, kinds)| kinds);
            (action, TableAction { lock, children, on })
        })
        .collect()
});

/// What an action of ALTER TABLE locks; one that is not listed takes the
/// strongest lock, as the server itself assumes.
pub(super) fn table_action(name: &str) -> TableAction {
    TABLE_ACTIONS.get(name).copied().unwrap_or(TableAction {
        lock: LockMode::AccessExclusive,
        children: Children::No,
        on: &[],
    })
}

/// Which values a parameter takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    /// Numbers, with the least and the greatest.
    Numbers(f64, f64),
    Boolean,
    /// Nothing is known of them.
    Any,
}

impl Values {
    fn read(cell: &str) -> Self {
        let bounds = cell.split_once(' ');
        let bounds = bounds.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match bounds {
            Some((least, most)) => Values::Numbers(least, most),
            None if cell == "bool" => Values::Boolean,
            None => Values::Any,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub lock: LockMode,
    /// The first version that knows it.
    pub since: u8,
    /// What it is a parameter of.
    on: &'static str,
    pub values: Values,
}

impl Parameter {
    /// Is it one of tables (`t`), of their TOAST tables (`toast`), of views
    /// (`v`), of the indexes of a method?
    pub(super) fn is_for(&self, holder: &str) -> bool {
        self.on.split(' ').any(|on| on == holder)
    }
}

static PARAMETERS: LazyLock<FxHashMap<&str, Parameter>> = LazyLock::new(|| {
    rows::<6>(include_str!("data/parameters.tsv"))
        .map(|[name, lock, since, on, values, _source]| {
            let parameter = Parameter {
                lock: lock_mode(lock),
                since: since.parse().unwrap_or(0),
                on,
                values: Values::read(values),
            };
            (name, parameter)
        })
        .collect()
});

/// A storage parameter by its name, without `toast.` in front.
pub(super) fn parameter(name: &str) -> Option<Parameter> {
    PARAMETERS.get(name).copied()
}

/// What the values of a setting count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Time,
    Memory,
}

impl Unit {
    /// The units that a value may name.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Unit::Time => &["us", "ms", "s", "min", "h", "d"],
            Unit::Memory => &["B", "kB", "MB", "GB", "TB"],
        }
    }
}

static SETTINGS: LazyLock<FxHashMap<&str, [&str; 3]>> = LazyLock::new(|| {
    let rows = rows::<3>(include_str!("data/settings.tsv"));
    rows.map(|row| (row[0], row)).collect()
});

/// What a setting of the session counts, if anything; `None` where the version
/// does not have it.
pub(super) fn setting(name: &str, version: u8) -> Option<Option<Unit>> {
    let [_, unit, versions] = SETTINGS.get(name)?;
    holds(versions, version).then_some(match *unit {
        "time" => Some(Unit::Time),
        "memory" => Some(Unit::Memory),
        _ => None,
    })
}

static PRIVILEGES: LazyLock<Vec<[&str; 4]>> =
    LazyLock::new(|| rows::<4>(include_str!("data/privileges.tsv")).collect());

/// Is there such a privilege on a kind of objects?
pub(super) fn is_privilege(word: &str, on: &str, version: u8) -> bool {
    let is = |row: &&[&str; 4]| row[0] == on && row[1] == word;
    let row = PRIVILEGES.iter().find(is);
    row.is_some_and(|row| holds(row[2], version))
}

/// The method and type of an operator class that is the default, and the versions
/// that have it.
type OperatorClass = [&'static str; 3];

static OPERATOR_CLASSES: LazyLock<Vec<OperatorClass>> =
    LazyLock::new(|| rows::<3>(include_str!("data/opclasses.tsv")).collect());

/// Where those of each method stand.
static METHODS: LazyLock<Vec<(&str, Range<usize>)>> = LazyLock::new(|| {
    let mut methods: Vec<(&str, Range<usize>)> = Vec::new();
    for (at, [of, ..]) in OPERATOR_CLASSES.iter().enumerate() {
        match methods.last_mut().filter(|(known, _)| known == of) {
            Some((_, range)) => range.end = at + 1,
            None => methods.push((*of, at..at + 1)),
        }
    }
    methods
});

/// The default operator classes that come with the server, of one method.
pub(super) struct OperatorClasses {
    of: &'static [OperatorClass],
    version: u8,
}

impl OperatorClasses {
    /// Has a type a class that need not be named?
    pub(super) fn sort_by_default(&self, ty: &str) -> bool {
        let mut types = self.of.iter().filter(|c| holds(c[2], self.version));
        types.any(|[_, of, _]| *of == ty)
    }
}

/// `None` for methods that others brought along.
pub(super) fn operator_classes(method: &str, version: u8) -> Option<OperatorClasses> {
    let (_, range) = METHODS.iter().find(|(known, _)| *known == method)?;
    let of = OPERATOR_CLASSES.get(range.clone())?;
    Some(OperatorClasses { of, version })
}

pub(super) fn is_index_method(name: &str) -> bool {
    operator_classes(name, 0).is_some()
}

struct Function {
    /// Empty where the number of arguments does not matter.
    arguments: &'static str,
    volatility: &'static str,
    versions: &'static str,
}

static FUNCTIONS: LazyLock<FxHashMap<&str, Vec<Function>>> = LazyLock::new(|| {
    let mut functions: FxHashMap<&str, Vec<Function>> = FxHashMap::default();
    for [name, arguments, volatility, versions] in rows(include_str!("data/functions.tsv")) {
        functions.entry(name).or_default().push(Function {
            arguments,
            volatility,
            versions,
        });
    }
    functions
});

/// What the catalogs say about a function that comes with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuiltIn {
    /// Its volatility: `i`, `s` or `v`, or several of them where it depends on
    /// the types of the arguments.
    Known(&'static str),
    /// It exists, but not in this version.
    OtherVersion,
    Unknown,
}

/// Looks up a function by name (lower case) and number of arguments.
pub(super) fn function(name: &str, arguments: usize, version: u8) -> BuiltIn {
    let Some(overloads) = FUNCTIONS.get(name) else {
        return BuiltIn::Unknown;
    };
    let takes = |f: &&Function| f.arguments.parse().is_ok_and(|n: usize| n == arguments);
    overloads
        .iter()
        .find(takes)
        .or_else(|| overloads.first())
        .map_or(BuiltIn::Unknown, |f| {
            if holds(f.versions, version) {
                BuiltIn::Known(f.volatility)
            } else {
                BuiltIn::OtherVersion
            }
        })
}

static RESULTS: LazyLock<FxHashMap<&str, &str>> = LazyLock::new(|| {
    rows::<2>(include_str!("data/results.tsv"))
        .map(|[function, results]| (function, results))
        .collect()
});

/// The types that a function of the server may yield, where they are few and
/// known.
pub(super) fn results(function: &str) -> Option<impl Iterator<Item = &'static str>> {
    RESULTS.get(function).map(|results| results.split(", "))
}

/// The kinds of casts, the least helpful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CastKind {
    None,
    /// USING is needed.
    Explicit,
    Assignment,
}

/// How values of one type become values of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cast {
    pub kind: CastKind,
    /// The stored bytes stay as they are.
    pub binary: bool,
    /// So does a btree index, where the bytes do.
    pub keeps_index: bool,
}

impl Cast {
    pub(super) const SAME: Cast = Cast {
        kind: CastKind::Assignment,
        binary: true,
        keeps_index: true,
    };

    pub(super) const fn rewriting(kind: CastKind) -> Cast {
        Cast {
            kind,
            binary: false,
            keeps_index: false,
        }
    }
}

type CastRow = (Cast, &'static str);

static CASTS: LazyLock<FxHashMap<(&str, &str), CastRow>> = LazyLock::new(|| {
    rows::<6>(include_str!("data/casts.tsv"))
        .map(|[from, to, kind, storage, index, versions]| {
            let cast = Cast {
                kind: match kind {
                    "assign" => CastKind::Assignment,
                    _ => CastKind::Explicit,
                },
                binary: storage == "binary",
                keeps_index: index == "keep",
            };
            ((from, to), (cast, versions))
        })
        .collect()
});

/// Is it one of the types that every other converts to by its text form?
pub(super) fn is_string(name: &str) -> bool {
    matches!(
        name,
        "text" | "varchar" | "char" | "bpchar" | "name" | "citext"
    )
}

/// The conversion between two types of different names.
pub(super) fn cast(from: &str, to: &str, version: u8) -> Cast {
    if let Some((cast, _)) = CASTS
        .get(&(from, to))
        .filter(|(_, versions)| holds(versions, version))
    {
        return *cast;
    }
    Cast::rewriting(if is_string(to) {
        CastKind::Assignment
    } else if is_string(from) {
        CastKind::Explicit
    } else {
        CastKind::None
    })
}

static LOSSY: LazyLock<FxHashMap<(&str, &str), &str>> = LazyLock::new(|| {
    rows::<3>(include_str!("data/lossy.tsv"))
        .map(|[from, to, what]| ((from, to), what))
        .collect()
});

/// What a conversion between types leaves behind even where it succeeds.
pub(super) fn lossy(from: &str, to: &str) -> Option<&'static str> {
    LOSSY.get(&(from, to)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Kind;
    use strum::IntoEnumIterator;

    #[test]
    fn tables_say_what_was_measured() {
        let lock = |name| table_action(name).lock;
        assert_eq!(lock("add_column"), LockMode::AccessExclusive);
        assert_eq!(
            lock("add_constraint/foreign_key"),
            LockMode::ShareRowExclusive
        );
        assert_eq!(
            parameter("autovacuum_enabled").unwrap().lock,
            LockMode::ShareUpdateExclusive
        );
        assert_eq!(function("now", 0, 13), BuiltIn::Known("s"));
        assert_eq!(function("uuidv7", 0, 17), BuiltIn::OtherVersion);
        assert_eq!(function("uuidv7", 0, 18), BuiltIn::Known("v"));
        assert_eq!(function("f", 0, 18), BuiltIn::Unknown);
        assert!(cast("cidr", "inet", 13).keeps_index);
        assert_eq!(cast("int", "bytea", 17).kind, CastKind::None);
        assert_eq!(cast("int", "bytea", 18).kind, CastKind::Explicit);
    }

    #[test]
    fn every_row_names_an_action() {
        let words: Vec<String> = Kind::iter().map(|kind| format!("{kind:?}")).collect();
        for name in TABLE_ACTIONS.keys() {
            let head = name.split('/').next().unwrap().replace('_', "");
            assert!(
                words.iter().any(|word| word.eq_ignore_ascii_case(&head)),
                "{name}"
            );
        }
    }
}
