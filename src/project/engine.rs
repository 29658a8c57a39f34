//! Which database server a history is written for, when no file declares it.

use super::folder::Script;
use crate::dialect::Engine;

/// The engine that the folders of a path name, the nearest first; a folder
/// that names two (`mysql-to-postgres`) names none.
pub fn of_path(dir: &str) -> Option<Engine> {
    dir.rsplit('/').find_map(|segment| {
        let mut words = segment.split(['-', '_', '.', ' ']).filter_map(word);
        let engine = words.next()?;
        words.all(|other| other == engine).then_some(engine)
    })
}

fn word(word: &str) -> Option<Engine> {
    Engine::from_word(word).or_else(|| Engine::from_word(word.strip_suffix("db")?))
}

/// The engine that a file's name tells between its dots, or in front of
/// everything else, and the name without that word.
pub fn of_name(name: &str) -> Option<(Engine, String)> {
    let words: Vec<&str> = name.split('.').collect();
    let at = words.iter().enumerate().position(|(at, word)| {
        // The description of `1_mysql.sql` is no suffix.
        let whole = at > 0 || words.len() > 2;
        whole && Engine::from_word(word).is_some()
    });
    if let Some(at) = at {
        let engine = Engine::from_word(words[at])?;
        let rest: Vec<&str> = words
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != at)
            .map(|(_, word)| *word)
            .collect();
        return Some((engine, rest.join(".")));
    }
    let (first, rest) = name.split_once('_')?;
    Some((Engine::from_word(first)?, rest.to_string()))
}

/// Tells files apart by the last words of their names (`04-fix-sqlite.sql`),
/// where these name several engines: one alone may be what the file is about.
pub fn tell_by_last_words(scripts: &mut [Script]) {
    let last = |script: &Script| {
        let (before, word) = script.stem().rsplit_once(['-', '_'])?;
        let is_more = before.contains(|c: char| c.is_ascii_alphabetic());
        Engine::from_word(word).filter(|_| is_more)
    };
    let mut named = scripts.iter().filter_map(last);
    let first = named.next();
    if first.is_none() || named.all(|engine| Some(engine) == first) {
        return;
    }
    for script in scripts {
        script.engine = script.engine.or_else(|| last(script));
    }
}

/// How much of a history is read to guess its engine.
const FILES: usize = 24;
const BYTES: usize = 8 * 1024;

/// What other engines' words must outweigh: a few of them stand in comments
/// and in SQL that several engines share.
const HEAD_START: u32 = 5;

/// Words of one engine and what each weighs; what PostgreSQL would refuse
/// weighs more than the head start.
const TELLTALES: &[(&str, Engine, u32)] = &[
    ("AUTO_INCREMENT", Engine::Mysql, 3),
    ("ENGINE=INNODB", Engine::Mysql, 6),
    ("CHARSET=", Engine::Mysql, 3),
    ("TABLE `", Engine::Mysql, 2),
    ("COLUMN `", Engine::Mysql, 2),
    ("INTO `", Engine::Mysql, 2),
    ("UNSIGNED", Engine::Mysql, 2),
    ("TINYINT(", Engine::Mysql, 2),
    ("PRAGMA ", Engine::Sqlite, 6),
    ("AUTOINCREMENT", Engine::Sqlite, 6),
    ("WITHOUT ROWID", Engine::Sqlite, 6),
    ("DATETIME", Engine::Sqlite, 1),
    ("STRFTIME(", Engine::Sqlite, 2),
    ("[DBO]", Engine::Mssql, 6),
    ("NVARCHAR", Engine::Mssql, 3),
    ("IDENTITY(1", Engine::Mssql, 3),
    ("DATETIME2", Engine::Mssql, 3),
    ("\nGO\n", Engine::Mssql, 2),
    ("\nGO\r", Engine::Mssql, 2),
    ("SERIAL", Engine::Postgres, 2),
    ("JSONB", Engine::Postgres, 3),
    ("TIMESTAMPTZ", Engine::Postgres, 4),
    ("TIMESTAMP WITH TIME ZONE", Engine::Postgres, 3),
    ("TIMESTAMP(3)", Engine::Postgres, 2),
    ("::", Engine::Postgres, 2),
    ("CONCURRENTLY", Engine::Postgres, 4),
    ("PLPGSQL", Engine::Postgres, 4),
    ("BYTEA", Engine::Postgres, 4),
    ("UUID", Engine::Postgres, 1),
    ("$$", Engine::Postgres, 2),
];

/// The engine whose words stand most in a sample of the files; PostgreSQL when
/// nothing tells.
pub fn of_content(scripts: &[Script]) -> Engine {
    let mut weights = [
        (Engine::Postgres, HEAD_START),
        (Engine::Mysql, 0),
        (Engine::Sqlite, 0),
        (Engine::Mssql, 0),
    ];
    let step = scripts.len().div_ceil(FILES).max(1);
    for script in scripts.iter().step_by(step) {
        let text = script.text();
        let mut end = text.len().min(BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text[..end].to_ascii_uppercase();
        for (word, engine, weight) in TELLTALES {
            let times = memchr::memmem::find_iter(text.as_bytes(), word.as_bytes())
                .take(4)
                .count() as u32;
            let slot = weights.iter_mut().find(|(e, _)| e == engine);
            if let Some((_, sum)) = slot {
                *sum += times * weight;
            }
        }
    }
    let mut best = weights[0];
    for candidate in weights {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}
