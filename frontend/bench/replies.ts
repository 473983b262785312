/** A piece of a reply: its Markdown, and the text that a person sees. */
export interface Piece {
  readonly source: string;
  readonly seen: string;
}

const PROGRAMS: Readonly<Record<string, string>> = {
  python: `@dataclass(frozen=True)
class Station:
    """Where the level of a river is read, in metres above the sea."""

    name: str
    level: float = 0.0

    def discharge(self, velocity: float, area: float) -> float:
        if velocity < 0 or area <= 0:
            raise ValueError(f"{self.name}: no such river")
        return velocity * area  # cubic metres a second


def mean(stations: Iterable[Station]) -> float:
    levels = [station.level for station in stations]
    return sum(levels) / len(levels) if levels else 0.0
`,
  typescript: `export interface Station {
  readonly name: string;
  readonly level: number;
}

export async function* readings(station: Station, signal: AbortSignal) {
  while (!signal.aborted) {
    const answer = await fetch(\`/stations/\${station.name}\`, { signal });
    if (!answer.ok) throw new Error(\`\${station.name} says \${answer.status}\`);
    yield Number(await answer.text()); // metres
  }
}
`,
  sql: `SELECT station.name, avg(reading.level) AS level
FROM station JOIN reading ON reading.station = station.id
WHERE reading.taken > now() - interval '30 days'
GROUP BY station.name
HAVING count(*) > 10
ORDER BY level DESC;
`,
};

function prose(index: number): Piece {
  return {
    source: `A river begins wherever **water number ${index}** gathers faster than the ground can drink it, and \`springs\` are only the [best known](https://example.org/${index}) of such places. Walk up one and you will see why: the path of the water *splits*, and splits again, until nobody can say which of the threads is the river.\n\n`,
    seen: `A river begins wherever water number ${index} gathers faster than the ground can drink it, and springs are only the best known of such places. Walk up one and you will see why: the path of the water splits, and splits again, until nobody can say which of the threads is the river.`,
  };
}

function heading(index: number): Piece {
  return { source: `## Part ${index}\n\n`, seen: `Part ${index}` };
}

function item(index: number): Piece {
  return {
    source: `- item ${index} soaks in, travels for *years*, and comes out **cold** at \`${index}\`\n`,
    seen: `item ${index} soaks in, travels for years, and comes out cold at ${index}`,
  };
}

const TABLE_HEAD: Piece = {
  source: "| Spring | Where it is | Flow |\n|---|---|---:|\n",
  seen: "Spring Where it is Flow",
};

function row(index: number): Piece {
  return {
    source: `| Spring ${index} | below the **hill** | ${index * 7} |\n`,
    seen: `Spring ${index} below the hill ${index * 7}`,
  };
}

function code(language: string, program: string): Piece {
  return { source: `\`\`\`${language}\n${program}\`\`\`\n\n`, seen: program };
}

function part(index: number): Piece {
  const programs = Object.entries(PROGRAMS);
  const [language, program] = programs[index % programs.length] ?? ["", ""];
  const six = Array.from({ length: 6 }, (_, at) => index * 6 + at);
  return joined([
    heading(index),
    prose(index),
    prose(index + 1),
    ...six.map(item),
    GAP,
    prose(index + 2),
    TABLE_HEAD,
    ...six.map(row),
    GAP,
    code(language, program.replaceAll("tation", `tation${index}`)),
  ]);
}

const GAP: Piece = { source: "\n", seen: "" };

function joined(pieces: readonly Piece[]): Piece {
  return {
    source: pieces.map(({ source }) => source).join(""),
    seen: pieces.map(({ seen }) => seen).join(" "),
  };
}

/** As many whole pieces as fit into `length` characters. */
function repeated(piece: (index: number) => Piece, length: number, first: Piece = GAP): Piece {
  const pieces = [first];
  let room = length - first.source.length;
  for (let index = 1; room > 0; index += 1) {
    const next = piece(index);
    room -= next.source.length;
    pieces.push(next);
  }
  return joined(pieces.slice(0, -1));
}

const line = (index: number): Piece => {
  const text = `line_${index} = compute(${index}, "text")  # a comment\n`;
  return { source: text, seen: text };
};

const sentence = (index: number): Piece => ({
  source: `word${index} and *more* words, `,
  seen: `word${index} and more words, `,
});

/** Replies by name: a typical one, and the hardest ones, which are a single block that never ends. */
export const replies: Readonly<Record<string, (length: number) => Piece>> = {
  mixed: (length) => repeated(part, length),
  code: (length) => repeated(line, length, { source: "```python\n", seen: "" }),
  list: (length) => repeated(item, length),
  table: (length) => repeated(row, length, TABLE_HEAD),
  paragraph: (length) => repeated(sentence, length),
};
