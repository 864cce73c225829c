/** Files that pipe hands to a stage as text. */
declare module '*.css' {
  const text: string;
  export default text;
}
