/**
 * Punctuation that stands between Chinese and Japanese letters without spaces, and the quotation marks that do
 * so there. For emphasis it counts as letters: by the rules for other writings `**「重要」**です` would not be bold.
 * As a class of a regular expression.
 */
export const ASIAN_PUNCTUATION = "[\\u3001-\\u303f\\uff01-\\uff65\\uffe0-\\uffe6\\u2018-\\u201f]";
