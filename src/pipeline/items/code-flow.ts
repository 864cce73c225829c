/** Follows a value through a shell command to a program that parses it again as code. */
import { advance, contextOf, SHELL_START } from '../shell-lexer.js';
import { commandsOf, type ShellCommand } from '../shell-tree.js';
import {
  ARGUMENTS,
  assignedVariable,
  fileReader,
  inputReader,
  isPassing,
  isPrinted,
  isPrinting,
  lineVariable,
  secondReader,
  substitutionReader,
  writtenByTee,
} from './second-reader.js';

/** The program that parses the value between two texts of a command as code; undefined without one. */
export function codeReader(before: string, after: string): string | undefined {
  return new Flow(`${before}x${after}`).readerAt(before.length);
}

class Flow {
  readonly #text: string;
  readonly #commands: readonly ShellCommand[];
  /** Places, commands, variables and files that were followed already. */
  readonly #followed = new Set<unknown>();

  constructor(text: string) {
    this.#text = text;
    this.#commands = commandsOf(text);
  }

  /** Of a value in the text. */
  readerAt(at: number): string | undefined {
    const command = this.#commands.findLast(({ start, end }) => start <= at && at <= end);
    if (command === undefined || this.#isKnown(at)) return undefined;
    const before = this.#text.slice(command.start, at);
    const isInput = this.#text[at] === '(' && before.endsWith('<');
    return (
      (isInput ? substitutionReader(before) : secondReader(before)) ??
      this.#ofVariable(assignedVariable(before), at, this.#text.length) ??
      this.#ofArgument(before) ??
      (isPrinting(before, isInput) ? this.#ofOutput(command) : undefined) ??
      this.#around(command)
    );
  }

  /** The words around `$(…)` are code or not, whatever the command in it does with the value. */
  #around({ opened, parent }: ShellCommand): string | undefined {
    if (parent === undefined) return undefined;
    if (opened === undefined) return this.#around(parent);
    const before = this.#text.slice(parent.start, opened);
    // The words of `a=(…)` are values.
    if (before.endsWith('=')) return this.readerAt(opened);
    return secondReader(before) ?? this.#around(parent);
  }

  /** Of the output of a command. */
  #ofOutput(command: ShellCommand): string | undefined {
    if (this.#isKnown(command)) return undefined;
    for (const stage of [command, ...command.piped]) {
      if (stage !== command) {
        const reader = this.#ofInput(stage);
        if (reader !== undefined || !this.#parts(stage).some(isPassing)) return reader;
      }
      for (const file of [stage.target ?? '', ...writtenByTee(this.#textOf(stage))]) {
        const reader = this.#ofFile(file, stage.end);
        if (reader !== undefined) return reader;
      }
      if (stage.target !== undefined) return undefined;
    }
    return this.#ofWhole(command);
  }

  /** Of the output of the command that contains it. */
  #ofWhole({ parent, opened, name }: ShellCommand): string | undefined {
    for (const call of name === undefined ? [] : this.#commands) {
      const isCall = firstWord(this.#textOf(call)) === name && call.name === undefined;
      const reader = isCall ? this.#ofOutput(call) : undefined;
      if (reader !== undefined) return reader;
    }
    if (parent === undefined) return undefined;
    return opened === undefined ? this.#ofOutput(parent) : this.readerAt(opened);
  }

  /** Of the input of a command. */
  #ofInput(command: ShellCommand): string | undefined {
    for (const text of this.#parts(command)) {
      const reader =
        inputReader(text) ?? this.#ofVariable(lineVariable(text), command.start, command.end);
      if (reader !== undefined) return reader;
    }
    return undefined;
  }

  /** The command, or those in it if it is a group or a loop, which share its input. */
  #parts(command: ShellCommand): string[] {
    const parts = this.#commands.filter(
      ({ parent, opened }) => parent === command && opened === undefined,
    );
    return [this.#textOf(command), ...parts.flatMap((each) => this.#parts(each))];
  }

  /** Of an argument of a function that the text defines. */
  #ofArgument(before: string): string | undefined {
    const called = this.#commands.find(
      ({ name }) => name !== undefined && name === firstWord(before),
    );
    return called && this.#ofVariable(ARGUMENTS, called.start, called.end);
  }

  #ofVariable(name: string | undefined, from: number, until: number): string | undefined {
    if (name === undefined || this.#isKnown(`$${name}`)) return undefined;
    const uses = new RegExp(String.raw`\$\{?${name}(?!\w)`, 'g');
    uses.lastIndex = from;
    for (let use = uses.exec(this.#text); use !== null; use = uses.exec(this.#text)) {
      if (use.index >= until) return undefined;
      const context = contextOf(advance(SHELL_START, this.#text.slice(0, use.index)));
      const reader = context === 'single' ? undefined : this.readerAt(use.index);
      if (reader !== undefined) return reader;
    }
    return undefined;
  }

  /** Of a file that a command before `from` writes. */
  #ofFile(file: string, from: number): string | undefined {
    if (file === '' || this.#isKnown(`>${file}`)) return undefined;
    for (const command of this.#commands.filter(({ start }) => start >= from)) {
      const text = this.#textOf(command);
      const reader =
        fileReader(text, file) ?? (isPrinted(text, file) ? this.#ofOutput(command) : undefined);
      if (reader !== undefined) return reader;
    }
    return undefined;
  }

  #textOf({ start, end }: ShellCommand): string {
    return this.#text.slice(start, end);
  }

  #isKnown(place: unknown): boolean {
    if (this.#followed.has(place)) return true;
    this.#followed.add(place);
    return false;
  }
}

function firstWord(command: string): string | undefined {
  return /^[^\s;&|()<>]+/.exec(command)?.[0];
}
