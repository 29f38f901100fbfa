/* ---------------------------------------------------------------- learning: points, gradients and steps of Adam */

const MOST_LEARNING = 50000; /* parameters that a page trains smoothly */
const RATE = 0.01, MU = 0.9, RHO = 0.999, EPSILON = 1e-8;
const learning = {points: [], losses: [], steps: 0, memory: null, first: null, running: false, chosen: 0};

/* A point in the units of the network: inputs x and targets y. */
const pointOf = (x, y) => ({x: Float64Array.from(x), y: Float64Array.from(y)});

/* The targets of a class: one output alone is 1 for the second of two. */
function targetsOf(c) {
    return outputCount === 1 ? [c] : Array.from({length: outputCount}, (_, j) => Number(j === c));
}

/* The training needs more digits than a model's file has. */
function prepareLearning() {
    learning.first = network.map(layer => ({W: Float64Array.from(layer.W), b: Float64Array.from(layer.b)}));
    setParameters(learning.first);
}

function setParameters(from) {
    network.forEach((layer, l) => Object.assign(layer, {W: Float64Array.from(from[l].W), b: Float64Array.from(from[l].b)}));
    Object.assign(learning, {losses: [], steps: 0});
    learning.memory = network.map(layer => ["W", "b"].map(key => ({key, v: new Float64Array(layer[key].length), s: new Float64Array(layer[key].length)})));
}

/* Weights of N(0, 2 / inputs), biases 0: He et al. 2015; deviates of Box and Muller 1958. */
function randomParameters() {
    const deviate = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    return network.map(layer => ({W: layer.W.map(() => deviate() * Math.sqrt(2 / layer.inputs)), b: new Float64Array(layer.units)}));
}

/* dC/dz of a layer from dC/da; of a row of softmax through its Jacobian, diag(a) - a a^T. */
function throughActivation(layer, {z, a}, gradient) {
    const f = ACTIVATIONS[layer.activation];
    if (!f.rowwise)
        return gradient.map((g, j) => g * f.slope(z[j], a[j]));
    const mean = gradient.reduce((sum, g, j) => sum + g * a[j], 0);
    return gradient.map((g, j) => a[j] * (g - mean));
}

/* Adds a point's gradients to the sums of all layers; returns its cost. */
function addGradients(point, sums) {
    const states = forward(point.x), last = states[network.length - 1];
    let cost = 0, delta = last.a.map((a, j) => {
        cost += COST.c(last.z[j], a, point.y[j]);
        return COST.slope(last.z[j], a, point.y[j]);
    });
    if (!COST.ofZ)
        delta = throughActivation(lastLayer, last, delta);
    for (let l = network.length - 1; l >= 0; l--) {
        const layer = network[l], input = l > 0 ? states[l - 1].a : point.x, below = new Float64Array(layer.inputs);
        for (let j = 0, w = 0; j < layer.units; j++) {
            sums[l].b[j] += delta[j];
            for (let k = 0; k < layer.inputs; k++, w++) {
                sums[l].W[w] += delta[j] * input[k];
                below[k] += layer.W[w] * delta[j];
            }
        }
        if (l > 0)
            delta = throughActivation(network[l - 1], states[l - 1], below);
    }
    return cost;
}

/* A step of Adam (Kingma and Ba 2015) over all points; returns their mean cost before it. */
function learnStep(eta) {
    const count = learning.points.length, sums = network.map(layer => ({W: new Float64Array(layer.W.length), b: new Float64Array(layer.units)}));
    const loss = learning.points.reduce((sum, point) => sum + addGradients(point, sums), 0) / count;
    learning.steps++;
    const c1 = eta / (1 - MU ** learning.steps), c2 = 1 / Math.sqrt(1 - RHO ** learning.steps);
    network.forEach((layer, l) => learning.memory[l].forEach(({key, v, s}) => {
        for (let i = 0; i < v.length; i++) {
            const g = sums[l][key][i] / count;
            v[i] = MU * v[i] + (1 - MU) * g;
            s[i] = RHO * s[i] + (1 - RHO) * g * g;
            layer[key][i] -= c1 * v[i] / (c2 * Math.sqrt(s[i]) + EPSILON);
        }
    }));
    learning.losses.push(loss);
    return loss;
}

/* ---------------------------------------------------------------- learning: the picture of inputs and outputs */

const HUES = [210, 28, 140, 320, 52, 180, 0, 265, 95, 240];
const plane = {x: null, y: null, side: 72};

const classHue = c => HUES[c % HUES.length];
const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const mixed = (share, from, to) => from.map((v, i) => Math.round(v + share * (to[i] - v)));

/* Red, green and blue of a class's colour. */
function classColour(c) {
    const f = n => { /* HSL with half lightness and 80 % saturation */
        const k = (n + classHue(c) / 30) % 12;
        return Math.round(255 * (0.5 - 0.4 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    };
    return [f(0), f(8), f(4)];
}

const scaledInput = (v, j) => preparation.inputs ? (v - preparation.inputs.shift[j]) * preparation.inputs.factor[j] : v / preparation.divisor;
const unscaledInput = (v, j) => !preparation.inputs ? v * preparation.divisor :
    preparation.inputs.factor[j] === 0 ? preparation.inputs.shift[j] : v / preparation.inputs.factor[j] + preparation.inputs.shift[j];
const scaledTarget = (v, j) => preparation.units ? (v - preparation.units.shift[j]) * preparation.units.factor[j] : v;

/* A class's output as a share of 0...1 for the strength of its colour. */
function certainty(outputs, c) {
    const low = lastLayer.low ?? -1, high = lastLayer.high ?? 1, a = outputs.length === 1 && c === 0 ? high + low - outputs[0] : outputs[Math.min(c, outputs.length - 1)];
    return clamp((a - low) / (high - low), 0, 1);
}

const lastOutputs = x => forward(x)[network.length - 1].a;

/* The range of an axis: that of the input's slider, and of the points. */
function axisOf(j) {
    const range = rangeOf(j), values = learning.points.map(point => unscaledInput(point.x[j], j));
    return {low: Math.min(range.low, ...values), high: Math.max(range.high, ...values)};
}

const along = (axis, share) => axis.low + share * (axis.high - axis.low);
const shareOf = (axis, v) => (v - axis.low) / (axis.high - axis.low);

/* Two inputs: each place in the colour of its class, or, for numbers, of its first output. */
function drawRegions(canvas) {
    const side = plane.side, small = document.createElement("canvas"), values = [];
    Object.assign(small, {width: side, height: side});
    for (let i = 0; i < side * side; i++)
        values.push(lastOutputs([scaledInput(along(plane.x, (i % side + 0.5) / side), 0), scaledInput(along(plane.y, 1 - (Math.floor(i / side) + 0.5) / side), 1)]));
    const firsts = values.map(a => a[0]), least = firsts.reduce((x, y) => Math.min(x, y)), most = firsts.reduce((x, y) => Math.max(x, y));
    plane.least = least;
    plane.most = most;
    paint(small, side, side, i => {
        if (!preparation.classes)
            return colourOf(most > least ? 2 * (firsts[i] - least) / (most - least) - 1 : 0);
        const c = classOf(values[i]);
        return mixed(0.15 + 0.45 * certainty(values[i], c), poles[1], classColour(c));
    });
    canvas.getContext("2d").drawImage(small, 0, 0, canvas.width, canvas.height);
}

/* One input: a curve for each output. */
function drawCurves(canvas) {
    const context = canvas.getContext("2d"), steps = 200;
    const curve = Array.from({length: steps + 1}, (_, i) => lastOutputs([scaledInput(along(plane.x, i / steps), 0)]));
    const figures = [...curve.flatMap(a => Array.from(a)), ...learning.points.flatMap(point => Array.from(point.y))].filter(Number.isFinite);
    const low = figures.reduce((x, y) => Math.min(x, y)), high = figures.reduce((x, y) => Math.max(x, y)), gap = 0.08 * (high - low) || 1;
    plane.y = {low: low - gap, high: high + gap};
    context.fillStyle = "rgb(" + poles[1] + ")";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (let j = 0; j < outputCount; j++) {
        context.strokeStyle = "rgb(" + classColour(outputCount === 1 ? 0 : j) + ")";
        context.lineWidth = 3;
        context.beginPath();
        curve.forEach((a, i) => context.lineTo(i / steps * canvas.width, (1 - shareOf(plane.y, a[j])) * canvas.height));
        context.stroke();
    }
}

/* The class that a point's targets stand for. */
const classOfPoint = point => outputCount === 1 ? Number(point.y[0] > 0.5) : classOf(point.y);

function drawPoints(canvas) {
    const context = canvas.getContext("2d");
    for (const point of learning.points) {
        const x = shareOf(plane.x, unscaledInput(point.x[0], 0)) * canvas.width;
        const places = inputCount === 2 ? [unscaledInput(point.x[1], 1)] : Array.from(point.y);
        places.forEach((v, j) => {
            const share = plane.most > plane.least ? 2 * (point.y[0] - plane.least) / (plane.most - plane.least) - 1 : 0;
            const colour = preparation.classes ? classColour(inputCount === 2 ? classOfPoint(point) : outputCount === 1 ? 0 : j) : inputCount === 2 ? colourOf(share) : classColour(j);
            context.beginPath();
            context.arc(x, (1 - shareOf(plane.y, v)) * canvas.height, 6, 0, 2 * Math.PI);
            context.fillStyle = "rgb(" + colour + ")";
            context.fill();
            context.lineWidth = 2;
            context.strokeStyle = isDark() ? "#000000" : "#ffffff";
            context.stroke();
        });
    }
}

function drawPlane() {
    const canvas = element("plane");
    plane.x = axisOf(0);
    if (inputCount === 2)
        plane.y = axisOf(1);
    (inputCount === 2 ? drawRegions : drawCurves)(canvas);
    drawPoints(canvas);
    const name = j => nameOfInput(0, j) + " " + show(plane[j ? "y" : "x"].low) + " to " + show(plane[j ? "y" : "x"].high);
    element("plane-axes").textContent = "Across: " + name(0) + (inputCount === 2 ? "; upwards: " + name(1) : "; upwards: the output") + ".";
}

function drawLosses() {
    const canvas = element("losses"), context = canvas.getContext("2d"), losses = learning.losses, width = canvas.width, height = canvas.height;
    const most = losses.reduce((x, y) => Math.max(x, y), 0) || 1;
    context.clearRect(0, 0, width, height);
    context.strokeStyle = "rgb(" + poles[2] + ")";
    context.lineWidth = 3;
    context.beginPath();
    losses.forEach((loss, i) => context.lineTo(4 + (width - 8) * (losses.length > 1 ? i / (losses.length - 1) : 0.5), height - 4 - (height - 8) * loss / most));
    context.stroke();
    const count = learning.points.length + (learning.points.length === 1 ? " point" : " points");
    element("learn-state").textContent = losses.length === 0 ? count + "." :
        count + ", step " + learning.steps + ", mean loss " + show(losses[losses.length - 1]) + " (from " + show(losses[0]) + ").";
    element("step").disabled = element("train").disabled = learning.points.length === 0;
}

function drawLearning() {
    drawPlane();
    drawLosses();
}

/* ---------------------------------------------------------------- learning: what the user does */

const rate = () => clamp(Number(element("rate").value) || RATE, 1e-6, 10);

function afterLearning() {
    drawLearning();
    runFeatures();
    drawGraph();
}

/* Steps for a thirtieth of a second, then the picture, until stopped. */
function learnOn() {
    if (!learning.running)
        return;
    for (const until = performance.now() + 30; performance.now() < until;)
        learnStep(rate());
    afterLearning();
    requestAnimationFrame(learnOn);
}

function setRunning(running) {
    learning.running = running && learning.points.length > 0;
    element("train").textContent = learning.running ? "Stop" : "Train";
    learnOn();
}

/* The targets of a new point: those of the chosen class, or a number. */
function newTargets(value) {
    return preparation.classes ? targetsOf(learning.chosen) : Array.from({length: outputCount}, (_, j) => scaledTarget(value, j));
}

function addPoint(values, target) {
    learning.points.push(pointOf(values.map(scaledInput), newTargets(target)));
    drawLearning();
}

function addByPointer(event) {
    const box = element("plane").getBoundingClientRect();
    const across = along(plane.x, (event.clientX - box.left) / box.width), up = along(plane.y, 1 - (event.clientY - box.top) / box.height);
    addPoint(inputCount === 2 ? [across, up] : [across], inputCount === 2 ? Number(element("point-value").value) : unscaled(up, 0));
}

function readPoints() {
    const text = model.metadata["annc.points"];
    if (text === undefined)
        return;
    let x, y;
    const areRows = (list, length) => Array.isArray(list) && list.every(row => Array.isArray(row) && row.length === length && row.every(Number.isFinite));
    try {
        ({x, y} = JSON.parse(text));
    } catch {
        x = null;
    }
    if (!areRows(x, inputCount) || !areRows(y, outputCount) || x.length !== y.length)
        throw new Error("The model's annc.points is malformed.");
    learning.points = x.map((row, i) => pointOf(row, y[i]));
}

function buildClasses() {
    const select = element("point-class");
    element("point-class-box").hidden = !preparation.classes;
    element("point-value-box").hidden = Boolean(preparation.classes) || inputCount === 1;
    (preparation.classes || []).forEach((name, c) => { add(select, "option", "", name).value = String(c); });
    select.addEventListener("change", () => { learning.chosen = Number(select.value); });
}

/* A model of one or two inputs, small enough, draws what it does, and learns. */
function openLearning() {
    const count = network.reduce((sum, layer) => sum + layer.W.length + layer.b.length, 0);
    if (preparation.look || preparation.categories.length + preparation.dates.length > 0 || inputCount > 2 || count > MOST_LEARNING)
        return;
    element("learn").hidden = false;
    prepareLearning();
    buildClasses();
    element("plane").addEventListener("click", addByPointer);
    element("add-point").addEventListener("click", () => addPoint(features.flatMap(feature => feature.values), Number(element("point-value").value)));
    element("step").addEventListener("click", () => {
        learnStep(rate());
        afterLearning();
    });
    element("train").addEventListener("click", () => setRunning(!learning.running));
    for (const [id, parameters] of [["afresh", randomParameters], ["as-loaded", () => learning.first]])
        element(id).addEventListener("click", () => {
            setParameters(parameters());
            afterLearning();
        });
    element("no-points").addEventListener("click", () => {
        learning.points = [];
        learning.losses = [];
        setRunning(false);
        drawLearning();
    });
    drawLearning();
}

/* ---------------------------------------------------------------- connections */

const MOST_NODES = 16, GRAPH = {width: 1000, height: 420};

/* The units of a layer that are drawn, and of the inputs, layer -1: evenly spread over all. */
function shownUnits(l) {
    const count = l < 0 ? inputCount : network[l].units, shown = Math.min(count, MOST_NODES);
    return Array.from({length: shown}, (_, i) => Math.floor(i * count / shown));
}

const placeOfUnit = (l, i, count) => [40 + (GRAPH.width - 80) * (l + 1) / network.length, GRAPH.height * (i + 0.5) / count];

/* Lines between units: as wide as the weight, in the colour of what they carry, weight times activation; without an input, of the weight. */
function drawEdges(context, l) {
    const layer = network[l], from = shownUnits(l - 1), to = shownUnits(l), most = largest(layer.W), input = !state ? null : l > 0 ? state[l - 1].a : state.x;
    const strongest = input ? largest(input) : 1;
    for (const [i, j] of to.entries())
        for (const [h, k] of from.entries()) {
            const weight = layer.W[j * layer.inputs + k] / most, carried = input ? weight * input[k] / strongest : weight;
            context.strokeStyle = "rgba(" + poles[carried < 0 ? 0 : 2] + ", " + Math.sqrt(Math.abs(carried)) + ")";
            context.lineWidth = 0.5 + 3.5 * Math.abs(weight);
            context.beginPath();
            context.moveTo(...placeOfUnit(l - 1, h, from.length));
            context.lineTo(...placeOfUnit(l, i, to.length));
            context.stroke();
        }
}

function drawUnits(context, l) {
    const units = shownUnits(l), values = !state ? null : l < 0 ? state.x : state[l].a, most = values ? largest(values) : 1;
    units.forEach((j, i) => {
        context.beginPath();
        context.arc(...placeOfUnit(l, i, units.length), 9, 0, 2 * Math.PI);
        context.fillStyle = "rgb(" + (values ? colourOf(values[j] / most) : poles[1]) + ")";
        context.fill();
        context.strokeStyle = isDark() ? "#9eaab8" : "#586474";
        context.lineWidth = 1.5;
        context.stroke();
    });
}

function drawGraph() {
    const context = element("graph").getContext("2d"), cut = [-1, ...network.keys()].some(l => (l < 0 ? inputCount : network[l].units) > MOST_NODES);
    context.clearRect(0, 0, GRAPH.width, GRAPH.height);
    network.forEach((_, l) => drawEdges(context, l));
    [-1, ...network.keys()].forEach(l => drawUnits(context, l));
    element("graph-note").textContent = "Inputs left, outputs right. A line is as wide as its weight and as strong as what it carries." +
        (cut ? " Of wide layers, " + MOST_NODES + " units are drawn." : "");
}

