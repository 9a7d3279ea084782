// SPDX-License-Identifier: MIT
// What a tile is shows below when a pointer or finger is on it; the name of a box makes it fill the map, and again less.
const details = document.getElementById("details");
let chosen = null;

function show(tile) {
    if (chosen) chosen.classList.remove("chosen");
    chosen = tile;
    tile.classList.add("chosen");
    const [size, ...rest] = tile.dataset.is.split("\n");
    const bold = document.createElement("b");
    bold.textContent = size;
    details.replaceChildren(bold, ` ${rest.join(" · ")}`);
}

function zoom(map, box) {
    const back = box.classList.contains("target");
    for (const old of map.querySelectorAll(".open, .target, .zoomed")) old.classList.remove("open", "target", "zoomed");
    map.classList.remove("zoomed");
    const target = back ? box.parentElement.closest(".box") : box;
    if (!target) return;
    target.classList.add("target");
    for (let outer = target.parentElement.closest(".box"); outer; outer = outer.parentElement.closest(".box")) {
        outer.classList.add("open", "zoomed");
    }
    map.classList.add("zoomed");
}

for (const map of document.querySelectorAll(".map")) {
    for (const kind of ["pointerover", "click"]) {
        map.addEventListener(kind, (event) => {
            const tile = event.target.closest(".tile, .box > button");
            if (tile) show(tile);
        });
    }
    map.addEventListener("click", (event) => {
        const name = event.target.closest(".box > button");
        if (name) zoom(map, name.parentElement);
    });
}
