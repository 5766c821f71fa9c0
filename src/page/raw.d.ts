/** The text of a file beside, taken into the program by the build. */
declare module '*?raw' {
  const text: string;
  export default text;
}
