// What the bundler makes of files that are no code. A style sheet has nothing to import: it becomes part of page.css.

declare module '*.css';
