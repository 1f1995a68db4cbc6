// Where the page begins. It must be loaded after the body, and writes nothing into the document but what Preact draws.

import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';

import { App } from './app.js';
import './page.css';
import { applyRemembered } from './theme.js';

applyRemembered();
const root = document.getElementById('root');
if (root !== null) render(<App home={location.origin} />, root);
