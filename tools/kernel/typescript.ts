/** TypeScript 5.0, as tslab brings it along: what cells are written in. */
import { createRequire } from 'node:module';
import type typescript from '@tslab/typescript-for-tslab';

/** What the kernel takes of it that its declarations do not tell. */
interface Undeclared {
  /** As `getPreEmitDiagnostics`, for some files; tslab has added it. */
  getPreEmitDiagnosticsOfFiles(
    program: typescript.Program,
    files: typescript.SourceFile[],
  ): typescript.Diagnostic[];
  findPrecedingToken(position: number, file: typescript.SourceFile): typescript.Node | undefined;
  getContainingFunction(node: typescript.Node | undefined): typescript.Node | undefined;
}

export type TypeScript = typeof typescript & Undeclared;
/** A file as it was parsed. */
export type Parsed = typescript.SourceFile & {
  parseDiagnostics: typescript.DiagnosticWithLocation[];
};

export type { typescript };

export const require = createRequire(import.meta.url);
/** Finds what tslab brings along. */
export const tslabRequire = createRequire(require.resolve('tslab'));

export const typescriptPath = tslabRequire.resolve('@tslab/typescript-for-tslab');
export const ts: TypeScript = require(typescriptPath);
