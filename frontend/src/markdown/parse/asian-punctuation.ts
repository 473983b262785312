/**
 * Chinese and Japanese punctuation, and the quotation marks that these languages use without spaces, as a character
 * class. Emphasis treats it as letters: by CommonMark's rules `**「重要」**です` would not be bold.
 */
export const ASIAN_PUNCTUATION = "[\\u3001-\\u303f\\uff01-\\uff65\\uffe0-\\uffe6\\u2018-\\u201f]";
