// The TypeScript compiler of agent/js/vendor as the engine calls it. Evaluates to the function
// (compiler) => (source, filename) => { code, map } or { line, column, message }.
(compiler) => (source, filename) => {
  try {
    return compiler.transformSync(source, { filename, mode: 'transform', sourceMap: true });
  } catch (error) {
    return { line: error?.startLine ?? 0, column: (error?.startColumn ?? 0) + 1, message: String(error?.message ?? error) };
  }
}
