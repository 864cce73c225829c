/** esbuild bundles the style sheets that the client imports. */
declare module '*.css';
