"""A company's own face: the name it is shown by, a logo, one colour.

    console ─▶ colours.read: a colour at all? ───────┐
               logos.read: small, a picture, decoded ├─▶ changes.dress ─▶ Tenant.branding (JSON), tenant_logos (bytes)
                                                     ┘
    request ─▶ looks.wear(tenant) ─▶ the frame of every page: the logo, one stylesheet with the colour
    mail ────▶ looks.face_of(tenant) ─▶ facts of the letter: the logo by its address, the colour

The colour is kept as it was typed. Where a theme would hardly show it, `colours.shade` has the nearest that it does show.

Nothing of it is a template or a style that a company wrote: a colour is six hexadecimal digits that we checked, a logo is
a picture that we drew anew. A page wears a company's face once this browser has proved that it is concerned: by a right
password, by the link of a mail, or because the application that it comes from belongs to the company or names it. A typed
username changes nothing, so that no page tells whether there is such a user.
"""
