import { render } from "preact";
import "./style.css";

render(<main><h1>金秋</h1></main>, document.getElementById("page")!);
