{# One column under two names until no release knows the old one. #}
{% import "parts" as parts %}
{{ parts.must_be_copied(table, column, transactional_tool) }}
{% set sync = ident(table.name, to.name, "sync") %}
{% set not_null = ident(table.name, to.name, "not_null") %}
-- file: expand {{ word("add", table.name, to.name) }}
ALTER TABLE {{ table.sql }} ADD COLUMN {{ to.sql }} {{ column.type }};

-- Releases on both sides write: each name gets what is written under the other.
CREATE FUNCTION {{ table.prefix }}{{ sync }}() RETURNS trigger LANGUAGE plpgsql AS $sync$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.{{ to.sql }} IS NULL THEN
            NEW.{{ to.sql }} := NEW.{{ column.sql }};
        ELSE
            NEW.{{ column.sql }} := NEW.{{ to.sql }};
        END IF;
    ELSIF NEW.{{ to.sql }}{{ column.cast }} IS DISTINCT FROM OLD.{{ to.sql }}{{ column.cast }} THEN
        NEW.{{ column.sql }} := NEW.{{ to.sql }};
    ELSE
        NEW.{{ to.sql }} := NEW.{{ column.sql }};
    END IF;
    RETURN NEW;
END
$sync$;

CREATE TRIGGER {{ sync }} BEFORE INSERT OR UPDATE ON {{ table.sql }}
    FOR EACH ROW EXECUTE FUNCTION {{ table.prefix }}{{ sync }}();
{{ parts.expand_constraints(table, column, to, not_null) }}
-- down
DROP TRIGGER {{ sync }} ON {{ table.sql }};
DROP FUNCTION {{ table.prefix }}{{ sync }}();
ALTER TABLE {{ table.sql }} DROP COLUMN {{ to.sql }};
{{ parts.expand_indexes(table, column) }}
-- file: migrate {{ word("fill", table.name, to.name) }} alone
-- bowline: ignore data-change-without-undo reason="{{ column.name }} keeps the values"
{{ parts.batches(table, to.sql ~ " = " ~ column.sql,
    to.sql ~ column.cast ~ " IS DISTINCT FROM " ~ column.sql ~ column.cast) }}
{{ parts.validate(table, column, not_null, word("validate", table.name, to.name)) }}
-- release: code that reads and writes `{{ to.name }}` and no longer `{{ column.name }}`
-- file: contract {{ word("drop", table.name, column.name) }}
{{ parts.approval("no release since <release> uses " ~ column.name, true) }}
{{ parts.views_first(column.views, column.sql) }}
DROP TRIGGER {{ sync }} ON {{ table.sql }};
DROP FUNCTION {{ table.prefix }}{{ sync }}();
{% if column.default %}
ALTER TABLE {{ table.sql }} ALTER COLUMN {{ to.sql }} SET DEFAULT {{ column.default }};
{% endif %}
{% if column.not_null %}
{{ parts.contract_not_null(table, to, not_null) }}
{% endif %}
ALTER TABLE {{ table.sql }} DROP COLUMN {{ column.sql }};
{{ parts.contract_names(table, column) }}
