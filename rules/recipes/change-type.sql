{# A column of the new type beside the old one, which takes its place in the end. #}
{% import "parts" as parts %}
{{ parts.must_be_copied(table, column, transactional_tool) }}
{% set sync = ident(table.name, to.name, "sync") %}
{% set not_null = ident(table.name, to.name, "not_null") %}
-- file: expand {{ word("add", table.name, to.name) }}
ALTER TABLE {{ table.sql }} ADD COLUMN {{ to.sql }} {{ type }};

-- Releases go on writing the old column.
CREATE FUNCTION {{ table.prefix }}{{ sync }}() RETURNS trigger LANGUAGE plpgsql AS $sync$
BEGIN
    NEW.{{ to.sql }} := {{ converted.row }};
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
{{ parts.batches(table, to.sql ~ " = " ~ converted.column,
    to.sql ~ "::text IS DISTINCT FROM CAST(" ~ converted.column ~ " AS " ~ type ~ ")::text") }}
{{ parts.validate(table, column, not_null, word("validate", table.name, to.name)) }}
-- release: code that works with `{{ column.name }}` as {{ column.type }} and as {{ type }}
-- file: contract {{ word("change", table.name, column.name) }}
{{ parts.approval("every release since <release> works with " ~ column.name ~ " as " ~ type, true) }}
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
ALTER TABLE {{ table.sql }} RENAME COLUMN {{ to.sql }} TO {{ column.sql }};
{{ parts.contract_names(table, column) }}
