//! Which database server a migration is written for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A database engine.
///
/// bowline reads migrations of all of them to tell whose they are; it judges
/// those of [`Engine::Postgres`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Postgres,
    Mysql,
    Mariadb,
    Sqlite,
    Mssql,
    /// Speaks most of PostgreSQL's SQL and locks differently.
    Cockroach,
    /// An engine that bowline can only name as not its own: Oracle, H2, Db2, …
    Other,
}

impl Engine {
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Postgres => "postgres",
            Engine::Mysql => "mysql",
            Engine::Mariadb => "mariadb",
            Engine::Sqlite => "sqlite",
            Engine::Mssql => "mssql",
            Engine::Cockroach => "cockroach",
            Engine::Other => "other",
        }
    }

    /// The engine that a word in a path, a suffix or a lock file names.
    pub fn from_word(word: &str) -> Option<Self> {
        let mut longest = [0; "clickhouse".len()];
        let lower = longest.get_mut(..word.len())?;
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        Some(match str::from_utf8(lower).ok()? {
            "postgres" | "postgresql" | "pg" | "pgsql" | "psql" | "timescale" | "timescaledb" => {
                Engine::Postgres
            }
            "cockroach" | "cockroachdb" | "crdb" => Engine::Cockroach,
            "mysql" => Engine::Mysql,
            "mariadb" => Engine::Mariadb,
            "sqlite" | "sqlite3" => Engine::Sqlite,
            "mssql" | "sqlserver" => Engine::Mssql,
            "oracle" | "h2" | "hsqldb" | "db2" | "derby" | "clickhouse" | "cassandra"
            | "snowflake" | "bigquery" | "firebird" | "opengauss" => Engine::Other,
            _ => return None,
        })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The PostgreSQL major versions whose behaviour was measured.
pub const POSTGRES_VERSIONS: std::ops::RangeInclusive<u8> = 13..=18;

/// An engine and its major version, written `postgres@16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    pub engine: Engine,
    pub version: u8,
    /// The version was named, not assumed.
    pub named: bool,
}

impl Dialect {
    pub const fn postgres(version: u8) -> Self {
        Self {
            engine: Engine::Postgres,
            version,
            named: true,
        }
    }
}

impl Default for Dialect {
    /// The newest version that was measured.
    fn default() -> Self {
        Self {
            named: false,
            ..Self::postgres(*POSTGRES_VERSIONS.end())
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.engine, self.version)
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum DialectError {
    #[error("unknown engine `{0}`; bowline checks `postgres`")]
    UnknownEngine(String),
    #[error("`{0}` is read but not judged yet; bowline checks `postgres`")]
    NotJudged(Engine),
    #[error("PostgreSQL {0} is not supported; the supported versions are 13 to 18")]
    UnsupportedVersion(String),
}

impl FromStr for Dialect {
    type Err = DialectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let engine = Engine::from_word(name)
            .filter(|engine| *engine != Engine::Other)
            .ok_or_else(|| DialectError::UnknownEngine(name.into()))?;
        if engine != Engine::Postgres {
            return Err(DialectError::NotJudged(engine));
        }
        let Some(version) = version else {
            return Ok(Self::default());
        };
        version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .filter(|major| POSTGRES_VERSIONS.contains(major))
            .map(Self::postgres)
            .ok_or_else(|| DialectError::UnsupportedVersion(version.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_and_version_are_read() {
        assert_eq!("postgres@16".parse(), Ok(Dialect::postgres(16)));
        assert_eq!("postgresql@15.3".parse(), Ok(Dialect::postgres(15)));
        assert_eq!("postgres".parse(), Ok(Dialect::default()));
        assert!(!Dialect::default().named);
        assert!("postgres@9.6".parse::<Dialect>().is_err());
        assert!("oracle".parse::<Dialect>().is_err());
        assert_eq!(
            "mysql@8".parse::<Dialect>(),
            Err(DialectError::NotJudged(Engine::Mysql))
        );
    }
}
