// Sends the form that carries an answer to the application (response_mode=form_post). A file of its own, in ECMAScript 5
// alone, which every browser reads: an error in another script stops nobody here. Without script the button sends it.
(function () {
  "use strict";

  var form = document.querySelector("form[data-auto-submit]");

  // The answer goes once, also when somebody presses the button meanwhile; from Back it may go again.
  form.addEventListener("submit", function (event) {
    if (form.getAttribute("data-sent")) event.preventDefault();
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) form.removeAttribute("data-sent");
  });

  form.setAttribute("data-sent", "yes");
  form.submit();
})();
