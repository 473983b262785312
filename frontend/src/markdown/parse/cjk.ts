/** Chinese, Japanese and Korean letters, for the class of a regular expression with the flag `u`. */
export const CJK_LETTER =
  "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Bopomofo}";
