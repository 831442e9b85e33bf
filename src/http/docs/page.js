const dark = matchMedia('(prefers-color-scheme: dark)');

function followColorScheme() {
  document.documentElement.classList.toggle('dark-mode', dark.matches);
}

followColorScheme();
dark.addEventListener('change', followColorScheme);

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  // The token stays in this page's memory and is gone with it.
  persistAuthorization: false,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // The default validator is a service elsewhere.
  validatorUrl: null,
});
