{# What several recipes share. #}

{# A column can have a copy beside it only where nothing but its name tells them apart. #}
{% macro must_be_copied(table, column, transactional_tool) %}
{% if not column or not column.type %}
{{ refuse("the history does not tell the type of the column") }}
{% endif %}
{% if column.in_primary_key %}
{{ refuse("`" ~ column.name ~ "` is part of the primary key, which other tables and the code refer to") }}
{% elif column.referenced %}
{{ refuse("foreign keys refer to `" ~ column.name ~ "`") }}
{% elif column.numbered %}
{{ refuse("the values of `" ~ column.name ~ "` come from a sequence that belongs to it") }}
{% elif column.generated %}
{{ refuse("`" ~ column.name ~ "` is computed from other columns: give the other form to a new column") }}
{% elif column.partition_key %}
{{ refuse("the table is partitioned by `" ~ column.name ~ "`") }}
{% elif column.others %}
{{ refuse("`" ~ column.name ~ "` is part of the constraint " ~ column.others | join(", ") ~ ", which cannot stand twice") }}
{% elif transactional_tool and column.indexes %}
{{ refuse("`" ~ column.name ~ "` has indexes, and " ~ transactional_tool ~ " cannot build one concurrently") }}
{% elif table.partitioned and column.indexes %}
{{ refuse("`" ~ table.name ~ "` is partitioned, and its indexes cannot be built concurrently as a whole") }}
{% endif %}
{% endmacro %}

{# Everything that the old column has, for the new one. #}
{% macro expand_constraints(table, column, to, not_null, why="") %}
{% for constraint in column.constraints %}

ALTER TABLE {{ table.sql }} ADD CONSTRAINT {{ constraint.copy }} {{ constraint.definition }} NOT VALID;
{% endfor %}
{% if column.not_null %}

{% if why %}
-- bowline: ignore add-check reason="{{ why }}"
{% endif %}
ALTER TABLE {{ table.sql }} ADD CONSTRAINT {{ not_null }} CHECK ({{ to.sql }} IS NOT NULL) NOT VALID;
{% endif %}
{% endmacro %}

{% macro expand_indexes(table, column) %}
{% for index in column.indexes %}
-- file: expand {{ word("index", index.copy) }} alone
CREATE {% if index.unique %}UNIQUE {% endif %}INDEX CONCURRENTLY {{ index.definition }};
-- down
DROP INDEX CONCURRENTLY {{ table.prefix }}{{ index.copy }};
{% endfor %}
{% set unique = column.indexes | selectattr("constraint") | list %}
{% if unique %}
-- file: expand {{ word(table.name, column.name, "unique") }}
{% for index in unique %}
ALTER TABLE {{ table.sql }} ADD CONSTRAINT {{ index.copy }} UNIQUE USING INDEX {{ index.copy }};
{% endfor %}
-- down
{% for index in unique %}
ALTER TABLE {{ table.sql }} DROP CONSTRAINT {{ index.copy }};
{% endfor %}
{% endif %}
{% endmacro %}

{# Every row, a batch at a time, each in a transaction of its own. #}
{% macro batches(table, assignment, filter) %}
{% if table.key %}
{% set key = "(" ~ table.key | join(", ") ~ ")" if table.key | length > 1 else table.key[0] %}
{% set columns = table.key | join(", ") %}
DO $batches$
#variable_conflict use_column
DECLARE
    batch_first record;
    batch_last record;
BEGIN
    SELECT {{ columns }} INTO batch_first FROM {{ table.sql }} ORDER BY {{ columns }} LIMIT 1;
    WHILE FOUND LOOP
        SELECT * INTO batch_last FROM (
            SELECT {{ columns }} FROM {{ table.sql }}
            WHERE {{ key }} >= {{ row("batch_first", table.key) }}
            ORDER BY {{ columns }} LIMIT 5000
        ) AS batch ORDER BY {{ descending(table.key) }} LIMIT 1;
        UPDATE {{ table.sql }} SET {{ assignment }}
        WHERE {{ key }} BETWEEN {{ row("batch_first", table.key) }} AND {{ row("batch_last", table.key) }}
            AND {{ filter }};
        COMMIT;
        SELECT {{ columns }} INTO batch_first FROM {{ table.sql }}
        WHERE {{ key }} > {{ row("batch_last", table.key) }}
        ORDER BY {{ columns }} LIMIT 1;
    END LOOP;
END
$batches$;
{% else %}
DO $batches$
DECLARE
    changed bigint;
BEGIN
    LOOP
        UPDATE {{ table.sql }} SET {{ assignment }}
        WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {{ table.sql }} WHERE {{ filter }} LIMIT 5000
        ));
        GET DIAGNOSTICS changed = ROW_COUNT;
        EXIT WHEN changed = 0;
        COMMIT;
    END LOOP;
END
$batches$;
{% endif %}
{% endmacro %}

{% macro validate(table, column, not_null, name) %}
{% if column.constraints or column.not_null %}
-- file: migrate {{ name }}
{% for constraint in column.constraints %}
ALTER TABLE {{ table.sql }} VALIDATE CONSTRAINT {{ constraint.copy }};
{% endfor %}
{% if column.not_null %}
ALTER TABLE {{ table.sql }} VALIDATE CONSTRAINT {{ not_null }};
{% endif %}
{% endif %}
{% endmacro %}

{# The new column takes over what the old one had. #}
{% macro contract_not_null(table, to, not_null) %}
ALTER TABLE {{ table.sql }} ALTER COLUMN {{ to.sql }} SET NOT NULL;
ALTER TABLE {{ table.sql }} DROP CONSTRAINT {{ not_null }};
{% endmacro %}

{% macro contract_names(table, column) %}
{% for constraint in column.constraints %}
ALTER TABLE {{ table.sql }} RENAME CONSTRAINT {{ constraint.copy }} TO {{ constraint.sql }};
{% endfor %}
{% for index in column.indexes %}
{% if index.constraint %}
ALTER TABLE {{ table.sql }} RENAME CONSTRAINT {{ index.copy }} TO {{ index.sql }};
{% else %}
ALTER INDEX {{ table.prefix }}{{ index.copy }} RENAME TO {{ index.sql }};
{% endif %}
{% endfor %}
{% endmacro %}

{% macro approval(why, checkpoint) %}
-- bowline: approve irreversible reason="{{ why }}" by="<name>" ticket="<ticket>"
{% if checkpoint %}
-- bowline: checkpoint "<backup or restore point>"
{% endif %}
{% endmacro %}

{% macro views_first(views, what) %}
{% if views %}
-- These read {{ what }}, and have to be replaced before: {{ views | join(", ") }}
{% endif %}
{% endmacro %}
