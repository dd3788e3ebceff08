// Starts the page. An external file, because the Content-Security-Policy allows no inline script.
const { js, wasm } = document.getElementById("boot").dataset;
const loading = document.getElementById("loading");
loading.classList.remove("unless-begun");
loading.textContent = "Loading the verifier…";
try {
  const page = await import(new URL(js, document.baseURI));
  await page.default({ module_or_path: new URL(wasm, document.baseURI) });
  loading.remove();
} catch (error) {
  console.error(error);
  loading.setAttribute("role", "alert");
  loading.textContent = "The verifier could not start. It needs a browser from 2023 or later (WebAssembly with SIMD). Reload the page; if that does not help, verify with the countersign command instead.";
}
