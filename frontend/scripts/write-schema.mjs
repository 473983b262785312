// Reads the server's description (OpenAPI) from standard input and writes its schemas as TypeScript.
import { text } from "node:stream/consumers";
import { compile } from "json-schema-to-typescript";

const FROM = "#/components/schemas/";
const ROOT = "Schemas";

const described = JSON.parse(await text(process.stdin));
const types = await compile({ $defs: definitions(described.components.schemas) }, ROOT, {
  additionalProperties: false,
  bannerComment:
    "// Written by `make types` from what `headwater openapi` prints: change the server.",
  unreachableDefinitions: true,
});
process.stdout.write(
  types
    .replace(new RegExp(`export interface ${ROOT} \\{[^}]*\\}\n`), "")
    .replace(/ \*\n \* This interface was referenced by .*\n \* via the .*\n/g, ""),
);

function definitions(schemas) {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutTitles(schema)]),
  );
}

/** The compiler would turn the title of a member into a type. */
function withoutTitles(schema) {
  if (Array.isArray(schema)) return schema.map(withoutTitles);
  if (typeof schema !== "object" || schema === null) return schema;
  const { title: _, ...rest } = schema;
  return Object.fromEntries(
    Object.entries(rest).map(([key, value]) => {
      if (key === "$ref") return [key, value.replace(FROM, "#/$defs/")];
      if (key !== "properties") return [key, withoutTitles(value)];
      const members = Object.entries(value).map(([name, member]) => [name, withoutTitles(member)]);
      return [key, Object.fromEntries(members)];
    }),
  );
}
